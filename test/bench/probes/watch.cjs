// Preloaded into the dynamic-provider process: on SIGUSR2 writes what it has used so far and starts again.
const { writeFileSync, renameSync } = require("node:fs");
const { monitorEventLoopDelay } = require("node:perf_hooks");
const RESOLUTION = 10;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
delay.enable();
let cpu = process.cpuUsage();
process.on("SIGUSR2", () => {
  const { user, system } = process.cpuUsage(cpu);
  const told = {
    // Kilobytes to bytes.
    peak: process.resourceUsage().maxRSS * 1024,
    resident: process.memoryUsage.rss(),
    // The histogram counts from one tick to the next, so an idle loop shows the resolution itself.
    delay99: Math.max(delay.percentile(99) / 1e6 - RESOLUTION, 0),
    delayMost: Math.max(delay.max / 1e6 - RESOLUTION, 0),
    processor: (user + system) / 1e3,
  };
  delay.reset();
  cpu = process.cpuUsage();
  const file = process.env.PROBE_FILE;
  writeFileSync(`${file}.new`, JSON.stringify(told));
  renameSync(`${file}.new`, file);
});
