// One process for each core, behind one port, as these stacks are run in production. The first
// line of output tells the address, as the other servers of the benchmark do.
import cluster from "node:cluster";
import { availableParallelism } from "node:os";

export async function workers(serve) {
  if (!cluster.isPrimary) {
    await serve(0);
    return;
  }
  const count = availableParallelism();
  let ready = 0;
  cluster.on("listening", (_, address) => {
    ready += 1;
    if (ready === count) {
      console.log(JSON.stringify({ url: `http://127.0.0.1:${address.port}` }));
    }
  });
  for (let at = 0; at < count; at += 1) cluster.fork();
  process.on("SIGTERM", () => process.exit(0));
}

export const COLUMNS =
  "id, created_at, updated_at, version, sku, name, category, price, active";

export const product = (row) => ({
  id: row.id,
  created_at: row.created_at,
  updated_at: row.updated_at,
  version: Number(row.version),
  sku: row.sku,
  name: row.name,
  category: Number(row.category),
  price: { amount: String(row.price), currency: "EUR" },
  active: row.active,
});
