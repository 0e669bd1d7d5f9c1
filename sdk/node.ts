import { requireNode } from "../provider/base/node-version";

// The first import of the package: what others load may not be there on an older Node.
requireNode("the program");
