import "./node";

export * as oceanbase from "./oceanbase";
export { Provider, type ProviderArgs } from "./provider";
export * as redisenterprise from "./redisenterprise";
export type { CommonArgs, Status, Upgrade } from "./resource";
export * as taurusdb from "./taurusdb";
