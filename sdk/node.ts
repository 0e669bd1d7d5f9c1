import { requireNode } from "../provider/base/node-version";

// The first import of the package: other modules may fail to load on an older Node.
requireNode("the program");
