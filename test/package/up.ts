/**
 * `up` in a separate process, so that engine, program and provider run on the same Node. It reads the request from standard
 * input and writes the result to standard output.
 */
import { text } from "node:stream/consumers";
import { up } from "./up-of";

text(process.stdin)
  .then((request) => up(JSON.parse(request)))
  .then((result) => process.stdout.write(JSON.stringify(result)));
