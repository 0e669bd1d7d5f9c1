import { requireNode } from "../../provider/base/node-version";

// The first import of the command: what others load may not be there on an older Node.
try {
  requireNode("the command");
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}
