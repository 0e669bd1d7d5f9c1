import { simulate } from "./simulate";

/** `npm run simulate -- <system> [options]` */
simulate(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
