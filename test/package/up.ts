/**
 * `up` as a process of its own, so that engine, program and provider run on the Node that runs this. The request comes on
 * the standard input, the answer goes to the standard output.
 */
import { text } from "node:stream/consumers";
import { up } from "./up-of";

text(process.stdin)
  .then((request) => up(JSON.parse(request)))
  .then((answer) => process.stdout.write(JSON.stringify(answer)));
