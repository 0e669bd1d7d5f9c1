export * as oceanbase from "./oceanbase";
export { Provider, type ProviderArgs } from "./provider";
export type { CommonArgs, Status, Upgrade } from "./resource";
