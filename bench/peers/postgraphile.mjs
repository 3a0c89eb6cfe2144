// PostGraphile over the same tables, no checks.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { workers } from "./workers.mjs";

await workers(async (port) => {
  const handler = postgraphile(process.env.DATABASE_URL, "sales", {
    ignoreRBAC: true,
    enableQueryBatching: false,
    disableQueryLog: true,
    pgPoolMax: 10,
  });
  createServer(handler).listen(port, "127.0.0.1");
});
