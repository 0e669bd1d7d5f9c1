// Preloaded into the dynamic-provider process. On SIGUSR2 it writes the usage to a file and resets it.
const { writeFileSync, renameSync } = require("node:fs");
const { monitorEventLoopDelay } = require("node:perf_hooks");
const RESOLUTION = 10;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
delay.enable();
let cpu = process.cpuUsage();
process.on("SIGUSR2", () => {
  const { user, system } = process.cpuUsage(cpu);
  const usage = {
    // Kilobytes to bytes.
    peak: process.resourceUsage().maxRSS * 1024,
    resident: process.memoryUsage.rss(),
    // The histogram measures the time between ticks, so the resolution has to be subtracted.
    delay99: Math.max(delay.percentile(99) / 1e6 - RESOLUTION, 0),
    delayMost: Math.max(delay.max / 1e6 - RESOLUTION, 0),
    processor: (user + system) / 1e3,
  };
  delay.reset();
  cpu = process.cpuUsage();
  const file = process.env.PROBE_FILE;
  writeFileSync(`${file}.new`, JSON.stringify(usage));
  renameSync(`${file}.new`, file);
});
