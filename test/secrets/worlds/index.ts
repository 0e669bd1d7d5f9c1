import { OCEANBASE } from "./oceanbase";
import { REDIS } from "./redisenterprise";
import { TAURUSDB } from "./taurusdb";
import type { SecretType } from "./world";

export type { SecretType, SecretWorld } from "./world";

/** Every resource type, with every authentication method. */
export const SECRET_TYPES: readonly SecretType[] = [...OCEANBASE, ...TAURUSDB, ...REDIS];
