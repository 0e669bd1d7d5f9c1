import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/engine_pb";
import type { Severity } from "../events";
import type { Diagnostics } from "./diagnostics";
import { Empty, service } from "./protocol";

/** `LogSeverity`: debug, info, warning, error. */
const SEVERITIES: readonly Severity[] = ["debug", "info", "warning", "error"];

/** What programs and providers ask of the engine itself: to log, and to remember the stack's resource. */
export function engineService(diagnostics: Diagnostics): import("@grpc/grpc-js").UntypedServiceImplementation {
  let root = "";
  return service(EngineService, {
    log(request: messages.LogRequest) {
      diagnostics.log({
        severity: SEVERITIES[request.getSeverity()] ?? "info",
        urn: request.getUrn(),
        message: request.getMessage(),
        streamID: request.getStreamid(),
        ephemeral: request.getEphemeral(),
      });
      return new Empty();
    },
    getRootResource: () => new messages.GetRootResourceResponse().setUrn(root),
    setRootResource(request: messages.SetRootResourceRequest) {
      root = request.getUrn();
      return new messages.SetRootResourceResponse();
    },
  });
}
