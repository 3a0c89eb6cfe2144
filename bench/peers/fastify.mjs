// fastify with pg: schemas for its fast serializer, named (prepared) statements, no checks.
import Fastify from "fastify";
import pg from "pg";
import { randomUUID } from "node:crypto";
import { COLUMNS, product, workers } from "./workers.mjs";

const money = {
  type: "object",
  properties: { amount: { type: "string" }, currency: { type: "string" } },
};
const item = {
  type: "object",
  properties: {
    id: { type: "string" },
    created_at: { type: "string", format: "date-time" },
    updated_at: { type: "string", format: "date-time" },
    version: { type: "integer" },
    sku: { type: "string" },
    name: { type: "string" },
    category: { type: "integer" },
    price: money,
    active: { type: "boolean" },
  },
};
const page = {
  type: "object",
  properties: { items: { type: "array", items: item }, next: { type: "string" } },
};

await workers(async (port) => {
  const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
  const app = Fastify({ logger: false });
  app.get("/sales/v1/products/:id", { schema: { response: { 200: item } } }, async (request, reply) => {
    const { rows } = await pool.query({
      name: "view",
      text: `SELECT ${COLUMNS} FROM sales.products WHERE id = $1 AND active`,
      values: [request.params.id],
    });
    return rows.length === 0 ? reply.code(404).send() : product(rows[0]);
  });
  app.get("/sales/v1/products", { schema: { response: { 200: page } } }, async (request) => {
    const { rows } = await pool.query({
      name: "browse",
      text: `SELECT ${COLUMNS} FROM sales.products WHERE active AND category = $1 AND price >= $2
             ORDER BY price, id LIMIT 50`,
      values: [request.query.category, request.query["price.gte"]],
    });
    return { items: rows.map(product), next: "" };
  });
  app.get("/sales/v1/orders/:id", async (request, reply) => {
    const { rows } = await pool.query({
      name: "order",
      text: `SELECT o.id, o.created_at, o.updated_at, o.version, o.customer, o.note, o.total, o.placed_at,
               (SELECT json_agg(json_build_object('quantity', l.quantity, 'unit_price', l.unit_price::text,
                  'product', json_build_object('id', p.id, 'sku', p.sku, 'name', p.name,
                     'category', p.category, 'price', p.price::text, 'active', p.active)) ORDER BY l.position)
                FROM sales.orders_lines l JOIN sales.products p ON p.id = l.product
                WHERE l.owner_id = o.id) AS lines
             FROM sales.orders o WHERE o.id = $1`,
      values: [request.params.id],
    });
    return rows.length === 0 ? reply.code(404).send() : rows[0];
  });
  app.post("/sales/v1/products", { schema: { response: { 201: item } } }, async (request, reply) => {
    const { sku, name, category, price } = request.body;
    const { rows } = await pool.query({
      name: "add",
      text: `INSERT INTO sales.products (id, created_at, updated_at, version, sku, name, category, price, active)
             VALUES ($1, now(), now(), 1, $2, $3, $4, $5, true) RETURNING ${COLUMNS}`,
      values: [randomUUID(), sku, name, category, price.amount],
    });
    return reply.code(201).send(product(rows[0]));
  });
  await app.listen({ port, host: "127.0.0.1" });
});
