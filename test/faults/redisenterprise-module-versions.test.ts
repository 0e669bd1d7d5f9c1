import { everyHistoryHolds } from "./every-history";
import { redisModuleVersions } from "./worlds/redisenterprise";

everyHistoryHolds(redisModuleVersions);
