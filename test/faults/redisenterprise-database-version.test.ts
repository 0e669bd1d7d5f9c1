import { everyHistoryHolds } from "./every-history";
import { redisDatabaseVersion } from "./worlds/redisenterprise";

everyHistoryHolds(redisDatabaseVersion);
