import type { Command } from "./command";
import { ownFile } from "./package";

/** The simulators are built separately from this package, so this file must not import their sources. */
interface Simulators {
  simulate(args: readonly string[]): Promise<number>;
}

export const simulate: Command = {
  name: "simulate",
  summary: "run a simulated system to test a program",
  operand: ["obshell", "taurusdb", "redis-enterprise"],
  description: "Runs a simulated system on fixed ports of this machine, and prints how a program connects to it.",
  options: async () => ({}),
  examples: [],
  exits: [],
  passes: true,
  async run({ operands }) {
    const { simulate }: Simulators = require(ownFile("dist", "simulators", "simulate.js"));
    return simulate(operands);
  },
};
