import { requireNode } from "../../base/node-version";

// Must be the first import of the provider: other modules need features that an older Node does not have.
requireNode("the provider process");
