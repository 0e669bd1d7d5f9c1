import { everyHistoryHolds } from "./every-history";
import { taurusdbStarRocksVersion } from "./worlds/taurusdb";

everyHistoryHolds(taurusdbStarRocksVersion);
