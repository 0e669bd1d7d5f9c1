import { everyHistoryHolds } from "./every-history";
import { oceanbaseAgentVersion } from "./worlds/oceanbase";

everyHistoryHolds(oceanbaseAgentVersion);
