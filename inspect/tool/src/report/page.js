'use strict';

// The parts of the page, by their headings.
for (const heading of document.querySelectorAll('h2')) {
  const link = document.createElement('a');
  link.href = '#' + heading.parentElement.id;
  link.textContent = heading.textContent;
  document.querySelector('nav').append(link);
}

function bytes(count) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
  let unit = 0;
  while (count >= 1023.95 && unit < units.length - 1) {
    count /= 1024;
    unit += 1;
  }
  return (unit === 0 ? String(count) : count.toFixed(1)) + ' ' + units[unit];
}

// Tables: what a figure is stands beside it where the rows are broken for a narrow window.
for (const table of document.querySelectorAll('table')) {
  const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  for (const row of table.tBodies[0].rows) {
    for (const cell of row.cells) {
      if (cell.tagName === 'TD') cell.dataset.label = names[cell.cellIndex];
    }
  }
  table.setAttribute('role', 'table');
  for (const row of table.rows) row.setAttribute('role', 'row');
  for (const cell of table.querySelectorAll('td')) cell.setAttribute('role', 'cell');
  for (const cell of table.querySelectorAll('tbody th')) cell.setAttribute('role', 'rowheader');
  for (const cell of table.querySelectorAll('thead th')) cell.setAttribute('role', 'columnheader');
}

function sortBy(table, column, direction) {
  const body = table.tBodies[0];
  const sign = direction === 'ascending' ? 1 : -1;
  const value = (row) => row.cells[column].dataset.value;
  const compare = (a, b) => (value(a) === undefined
    ? a.cells[column].textContent.localeCompare(b.cells[column].textContent)
    : Number(value(a)) - Number(value(b)));
  body.append(...[...body.rows].sort((a, b) => sign * compare(a, b)));
  for (const head of table.tHead.rows[0].cells) head.removeAttribute('aria-sort');
  table.tHead.rows[0].cells[column].setAttribute('aria-sort', direction);
}

for (const table of document.querySelectorAll('table.sortable')) {
  table.tHead.rows[0].cells[1].setAttribute('aria-sort', 'descending');
  for (const head of table.tHead.rows[0].cells) {
    head.firstElementChild.addEventListener('click', () => {
      // Names begin with the first, figures with the highest.
      const first = head.cellIndex === 0 ? 'ascending' : 'descending';
      const other = first === 'ascending' ? 'descending' : 'ascending';
      sortBy(table, head.cellIndex, head.getAttribute('aria-sort') === first ? other : first);
    });
  }
}

for (const search of document.querySelectorAll('.search')) {
  const rows = [...search.nextElementSibling.tBodies[0].rows];
  const names = rows.map((row) => row.cells[0].textContent.toLowerCase());
  search.querySelector('input').addEventListener('input', (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    let found = 0;
    rows.forEach((row, at) => {
      row.hidden = !names[at].includes(wanted);
      found += row.hidden ? 0 : 1;
    });
    search.querySelector('output').textContent = found + (found === 1 ? ' row' : ' rows');
  });
}

// The flame graph: callers above what they call, as wide as their bytes.
function flame(data) {
  const place = document.getElementById('flame');
  const select = document.getElementById('flame-cost');
  const reset = document.getElementById('flame-reset');
  const details = document.getElementById('flame-details');
  const calls = data.nodes.map(([name, caller, ...costs]) => ({ name: data.names[name], caller, costs, callees: [] }));
  calls.forEach((call, at) => {
    if (call.caller >= 0) calls[call.caller].callees.push(at);
  });
  let root = 0;

  // What has one crate has one colour.
  const tints = new Map();
  function tint(name) {
    const crate = name.replace(/^[<&*([]+/, '').replace(/^(dyn|mut|impl) /, '').split(/::|[<( ]/)[0];
    if (!tints.has(crate)) tints.set(crate, 't' + (tints.size % 6));
    return tints.get(crate);
  }
  calls.forEach((call) => tint(call.name));

  function show(call, cost) {
    const all = calls[0].costs[cost];
    const share = all > 0 ? (100 * call.costs[cost] / all).toFixed(1) : '0';
    details.textContent = call.name + ': ' + bytes(call.costs[cost]) + ', ' + share + ' %';
  }

  function element(at, depth, left, width, cost, isAround) {
    const call = calls[at];
    const box = document.createElement('div');
    box.className = 'call ' + tint(call.name) + (isAround ? ' around' : '');
    box.style.left = (100 * left) + '%';
    box.style.width = (100 * width) + '%';
    box.style.top = (20 * depth) + 'px';
    if (width > .02) box.textContent = call.name;
    box.title = call.name + ': ' + bytes(call.costs[cost]);
    box.addEventListener('mouseenter', () => show(call, cost));
    box.addEventListener('click', () => {
      root = at;
      draw();
      show(call, cost);
    });
    return box;
  }

  function draw() {
    const cost = Number(select.value);
    const boxes = [];
    const around = [];
    for (let at = calls[root].caller; at >= 0; at = calls[at].caller) around.unshift(at);
    around.forEach((at, depth) => boxes.push(element(at, depth, 0, 1, cost, true)));
    let deepest = around.length;
    const work = [[root, around.length, 0, 1]];
    while (work.length > 0) {
      const [at, depth, left, width] = work.pop();
      boxes.push(element(at, depth, left, width, cost, false));
      deepest = Math.max(deepest, depth);
      let next = left;
      const bytesOf = (callee) => calls[callee].costs[cost];
      for (const callee of [...calls[at].callees].sort((a, b) => bytesOf(b) - bytesOf(a))) {
        const part = bytesOf(callee) / Math.max(1, bytesOf(at)) * width;
        // What is narrower than a pixel is not drawn.
        if (part > 1 / 1500) work.push([callee, depth + 1, next, part]);
        next += part;
      }
    }
    place.replaceChildren(...boxes);
    place.style.height = (20 * (deepest + 1)) + 'px';
    reset.disabled = root === 0;
  }

  select.addEventListener('change', draw);
  reset.addEventListener('click', () => {
    root = 0;
    draw();
  });
  draw();
}

const flameData = document.getElementById('flame-data');
if (flameData) flame(JSON.parse(flameData.textContent));
document.documentElement.dataset.ready = 'yes';
