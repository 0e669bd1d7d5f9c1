import { everyHistoryHolds } from "./every-history";
import { taurusdbKernelVersion } from "./worlds/taurusdb";

everyHistoryHolds(taurusdbKernelVersion);
