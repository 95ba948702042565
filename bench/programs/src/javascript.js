"use strict";

// Numbers that repeat exactly.
class Random {
    constructor(seed) { this.state = seed; }
    below(bound) {
        this.state = (Math.imul(this.state, 1103515245) + 12345) & 0x7fffffff;
        return (this.state >> 8) % bound;
    }
}

// A shop's orders, as they might come from a server.
function orders(random, count) {
    const names = ["lamp", "chair", "table", "shelf", "carpet", "clock", "vase", "mirror"];
    return Array.from({ length: count }, (_, number) => ({
        number,
        customer: `customer-${random.below(40)}`,
        lines: Array.from({ length: 1 + random.below(5) }, () => ({
            item: names[random.below(names.length)],
            price: random.below(10000) / 100,
            count: 1 + random.below(4),
        })),
        note: random.below(3) === 0 ? "to be wrapped, please" : null,
    }));
}

// What each customer spent, and on what.
function summary(all) {
    const customers = new Map();
    for (const { customer, lines } of all) {
        const entry = customers.get(customer) ?? { total: 0, items: {} };
        for (const { item, price, count } of lines) {
            entry.total += price * count;
            entry.items[item] = (entry.items[item] ?? 0) + count;
        }
        customers.set(customer, entry);
    }
    return [...customers]
        .map(([name, { total, items }]) => ({ name, total: Math.round(total * 100) / 100, items }))
        .sort((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1));
}

// Arithmetic: words, then a tree of closures, then a value.
function tokens(text) {
    return text.match(/\d+|[-+*()]/g);
}

function parse(words) {
    let place = 0;
    const primary = () => {
        const word = words[place++];
        if (word !== "(") { const value = Number(word); return () => value; }
        const inner = sum();
        place++;
        return inner;
    };
    const product = () => {
        let left = primary();
        while (words[place] === "*") {
            place++;
            const [a, b] = [left, primary()];
            left = () => (a() * b()) % 10007;
        }
        return left;
    };
    const sum = () => {
        let left = product();
        while (words[place] === "+" || words[place] === "-") {
            const sign = words[place++] === "+" ? 1 : -1;
            const [a, b] = [left, product()];
            left = () => a() + sign * b();
        }
        return left;
    };
    return sum();
}

function expression(random, depth) {
    if (depth === 0) { return String(random.below(100)); }
    const operator = "+-*"[random.below(3)];
    return `(${expression(random, depth - 1)} ${operator} ${expression(random, depth - 1)})`;
}

// A linked structure that lives on, and is changed a little at a time.
class Tree {
    constructor() { this.root = null; this.size = 0; }
    insert(key) {
        const node = { key, left: null, right: null };
        if (this.root === null) { this.root = node; this.size++; return; }
        for (let at = this.root; ;) {
            if (key === at.key) { return; }
            const side = key < at.key ? "left" : "right";
            if (at[side] === null) { at[side] = node; this.size++; return; }
            at = at[side];
        }
    }
    *keys(node = this.root) {
        if (node === null) { return; }
        yield* this.keys(node.left);
        yield node.key;
        yield* this.keys(node.right);
    }
}

function round(random, tree) {
    const text = JSON.stringify(orders(random, 120));
    const best = summary(JSON.parse(text))[0];
    const value = parse(tokens(expression(random, 7)))();
    for (let step = 0; step < 300; step++) { tree.insert(random.below(100000)); }
    const page = text.slice(0, 2000).replace(/"(\w+)":/g, (_, key) => key.toUpperCase() + "=").split(",").join(";\n");
    return `${best.name} ${best.total} ${value} ${page.length} ${tree.size}`;
}

function main(rounds) {
    const random = new Random(12);
    const tree = new Tree();
    const report = [];
    for (let number = 0; number < rounds; number++) { report.push(round(random, tree)); }
    let sum = 0;
    let count = 0;
    for (const key of tree.keys()) { sum += key; if (++count === 5000) { break; } }
    return report.join("\n") + sum;
}
