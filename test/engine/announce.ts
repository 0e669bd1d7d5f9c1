import { findCli } from "./cli";

/** Says which engines will serve the scenarios of this run. */
export default function announce(): void {
  const cli = findCli();
  const second = cli === undefined ? "no Pulumi CLI was found" : `pulumi ${cli.version}`;
  console.log(`engines: local engine; ${second}`);
}
