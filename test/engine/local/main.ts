/**
 * One operation of the local engine, as one process, so that it can be interrupted and killed like the CLI. The request
 * comes on the standard input, the output goes to the standard output, and events to the file that the request names.
 */
import { appendFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import type { EngineEvent, EventBody } from "../events";
import { Display } from "./display";
import { LocalOperation } from "./engine";
import type { OperationRequest } from "./request";
import { Store } from "./store";

async function main(): Promise<boolean> {
  const request: OperationRequest = JSON.parse(await text(process.stdin));
  for (const key of Object.keys(process.env)) delete process.env[key];
  Object.assign(process.env, request.env);
  const store = new Store(request.stateDir);
  const unlock = request.kind === "preview" ? () => {} : store.lock();
  try {
    const display = new Display(request.kind, request.stack, request.project, (line) =>
      process.stdout.write(`${line}\n`),
    );
    let sequence = 0;
    const emit = (body: EventBody) => {
      const event: EngineEvent = { sequence, timestamp: Math.floor(Date.now() / 1000), ...body };
      sequence += 1;
      appendFileSync(request.eventLog, `${JSON.stringify(event)}\n`);
      display.show(body);
    };
    const operation = new LocalOperation(request, store, emit);
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => operation.interrupt());
    return await operation.run();
  } finally {
    unlock();
  }
}

main().then(
  (ok) => process.exit(ok ? 0 : 255),
  (error: unknown) => {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(255);
  },
);
