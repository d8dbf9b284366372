CREATE TABLE regions (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    name_zh TEXT NOT NULL UNIQUE
);
CREATE TABLE categories (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    name_zh TEXT NOT NULL UNIQUE
);
CREATE TABLE products (
    id INTEGER PRIMARY KEY,
    category_id INTEGER NOT NULL REFERENCES categories (id),
    name TEXT NOT NULL UNIQUE,
    name_zh TEXT NOT NULL UNIQUE,
    unit_price REAL NOT NULL,
    unit_cost REAL NOT NULL,
    units_in_stock INTEGER NOT NULL,
    reorder_level INTEGER NOT NULL,
    discontinued INTEGER NOT NULL
);
CREATE TABLE salespeople (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    region_id INTEGER NOT NULL REFERENCES regions (id),
    email TEXT NOT NULL,
    hired_on DATE NOT NULL
);
CREATE TABLE customers (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    city TEXT NOT NULL,
    city_zh TEXT NOT NULL,
    region_id INTEGER NOT NULL REFERENCES regions (id),
    contact_name TEXT NOT NULL,
    email TEXT,
    grade TEXT NOT NULL CHECK (grade IN ('A', 'B', 'C', 'D')),
    credit_limit REAL NOT NULL,
    customer_since DATE NOT NULL
);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    salesperson_id INTEGER NOT NULL REFERENCES salespeople (id),
    region_id INTEGER NOT NULL REFERENCES regions (id),
    order_date DATE NOT NULL,
    shipped_date DATE,
    status TEXT NOT NULL CHECK (status IN ('processing', 'shipped', 'completed', 'cancelled', 'returned'))
);
CREATE TABLE order_lines (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    product_id INTEGER NOT NULL REFERENCES products (id),
    quantity INTEGER NOT NULL,
    unit_price REAL NOT NULL,
    unit_cost REAL NOT NULL,
    discount REAL NOT NULL
);
CREATE TABLE sales_targets (
    id INTEGER PRIMARY KEY,
    region_id INTEGER NOT NULL REFERENCES regions (id),
    year INTEGER NOT NULL,
    quarter INTEGER NOT NULL,
    target_amount REAL NOT NULL,
    UNIQUE (region_id, year, quarter)
);
CREATE TABLE invoices (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL UNIQUE REFERENCES orders (id),
    issued_on DATE NOT NULL,
    due_on DATE NOT NULL,
    amount REAL NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('paid', 'open', 'overdue'))
);
CREATE TABLE payments (
    id INTEGER PRIMARY KEY,
    invoice_id INTEGER NOT NULL REFERENCES invoices (id),
    paid_on DATE NOT NULL,
    amount REAL NOT NULL,
    method TEXT NOT NULL CHECK (method IN ('bank transfer', 'draft', 'card'))
);
CREATE INDEX orders_by_date ON orders (order_date);
CREATE INDEX order_lines_by_order ON order_lines (order_id);
