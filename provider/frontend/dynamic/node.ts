import { requireNode } from "../../base/node-version";

// The first import of the provider: what others load may not be there on an older Node.
requireNode("the provider process");
