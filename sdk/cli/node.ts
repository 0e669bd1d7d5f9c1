import { requireNode } from "../../provider/base/node-version";

// The first import of the command: other modules may fail to load on an older Node.
try {
  requireNode("the command");
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}
