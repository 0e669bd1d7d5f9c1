import { everyHistoryHolds } from "./every-history";
import { oceanbaseClusterVersion } from "./worlds/oceanbase";

everyHistoryHolds(oceanbaseClusterVersion);
