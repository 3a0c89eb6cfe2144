// Express with Prisma, no checks.
import express from "express";
import { PrismaPg } from "@prisma/adapter-pg";
import { PrismaClient } from "./generated/index.js";
import { randomUUID } from "node:crypto";
import { product, workers } from "./workers.mjs";

await workers(async (port) => {
  const adapter = new PrismaPg({ connectionString: process.env.DATABASE_URL, max: 10 });
  const prisma = new PrismaClient({ adapter });
  const app = express();
  app.disable("x-powered-by");
  app.use(express.json());
  const failing = (handler) => (request, response, next) =>
    handler(request, response).catch(next);
  app.get("/sales/v1/products/:id", failing(async (request, response) => {
    const row = await prisma.products.findFirst({ where: { id: request.params.id, active: true } });
    return row ? response.json(product(row)) : response.status(404).end();
  }));
  app.get("/sales/v1/products", failing(async (request, response) => {
    const rows = await prisma.products.findMany({
      where: {
        active: true,
        category: BigInt(request.query.category),
        price: { gte: request.query["price.gte"] },
      },
      orderBy: [{ price: "asc" }, { id: "asc" }],
      take: 50,
    });
    response.json({ items: rows.map(product), next: "" });
  }));
  app.get("/sales/v1/orders/:id", failing(async (request, response) => {
    const row = await prisma.orders.findUnique({
      where: { id: request.params.id },
      include: { orders_lines: { include: { products: true }, orderBy: { position: "asc" } } },
    });
    if (!row) return response.status(404).end();
    const plain = (_, value) => (typeof value === "bigint" ? Number(value) : value);
    return response.type("json").send(JSON.stringify(row, plain));
  }));
  app.post("/sales/v1/products", failing(async (request, response) => {
    const { sku, name, category, price } = request.body;
    const now = new Date();
    const row = await prisma.products.create({
      data: {
        id: randomUUID(), created_at: now, updated_at: now, version: 1n, sku, name,
        category: BigInt(category), price: price.amount, active: true,
      },
    });
    response.status(201).json(product(row));
  }));
  app.listen(port, "127.0.0.1");
});
