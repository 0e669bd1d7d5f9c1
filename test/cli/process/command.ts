import { join } from "node:path";

/** The command as it is installed. */
export const COMMAND = join(__dirname, "..", "..", "..", "dist", "sdk", "cli", "main.js");
