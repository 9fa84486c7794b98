"use strict";
// Renders /openapi.json and /asyncapi.json, with a form to try each call. No library, so it works without internet.

const make = (tag, attributes = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), attributes);
  element.append(...children);
  return element;
};
const byId = (id) => document.getElementById(id);
const pretty = (value) => JSON.stringify(value, null, 2);

const resolve = (api, schema) =>
  schema && schema.$ref ? api.components.schemas[schema.$ref.split("/").pop()] : schema;

const typeOf = (schema) => {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.type === "array") return `[${typeOf(schema.items)}]`;
  return [[].concat(schema.type || "any").join(" or "), schema.format, schema.enum && schema.enum.join(" | ")]
    .filter(Boolean).join(", ");
};

// What a body may look like: examples where the document gives them, else something of the right type.
const sample = (api, schema, depth = 0) => {
  const found = resolve(api, schema) || {};
  if (found.example !== undefined) return found.example;
  if (found.default !== undefined) return found.default;
  if (found.enum) return found.enum[0];
  if (found.properties && depth < 5) {
    return Object.fromEntries(Object.entries(found.properties).filter(([, field]) => !field.readOnly)
      .map(([name, field]) => [name, sample(api, field, depth + 1)]));
  }
  const type = [].concat(found.type || "string")[0];
  return { array: [], object: {}, integer: found.minimum || 0, number: 0, boolean: false, null: null }[type] ?? "";
};

const fieldTable = (schema) => {
  const required = new Set(schema.required || []);
  const rows = Object.entries(schema.properties || {}).map(([name, field]) => make("tr", {},
    make("td", {}, make("code", { textContent: name + (required.has(name) ? " *" : "") })),
    make("td", { textContent: typeOf(field) }), make("td", { textContent: field.description || "" })));
  return make("table", {}, make("tbody", {}, ...rows));
};

const parameterInputs = (operation) => operation.parameters
  .filter((parameter) => parameter.name !== "Accept-Language")
  .map((parameter) => {
    const input = make("input", { name: parameter.name, placeholder: typeOf(parameter.schema) });
    input.dataset.place = parameter.in;
    const label = `${parameter.name}${parameter.required ? " *" : ""} (${parameter.in}) `;
    return make("label", { title: parameter.description || "" }, label, input);
  });

const call = async (path, method, form, output) => {
  const headers = { "Accept-Language": byId("language").value };
  const query = new URLSearchParams();
  let address = path;
  for (const input of form.querySelectorAll("input[data-place]")) {
    if (!input.value) continue;
    if (input.dataset.place === "path") address = address.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.dataset.place === "query") query.append(input.name, input.value);
    else headers[input.name] = input.value;
  }
  if (byId("token").value) headers.Authorization = `Bearer ${byId("token").value}`;
  const body = form.querySelector("textarea");
  if (body) headers["Content-Type"] = body.dataset.type;
  const url = query.size ? `${address}?${query}` : address;
  const answer = await fetch(url, { method, headers, body: body ? body.value : undefined });
  const text = await answer.text();
  const isJson = (answer.headers.get("Content-Type") || "").includes("json");
  const shown = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  output.textContent = `${answer.status} ${answer.statusText}\n${shown}\n\n${isJson && text ? pretty(JSON.parse(text)) : text}`;
};

const tryForm = (api, path, method, operation) => {
  const output = make("pre", { hidden: true });
  const form = make("form", {}, ...parameterInputs(operation));
  const [type, content] = Object.entries((operation.requestBody || {}).content || {})[0] || [];
  if (type) {
    const text = type.includes("json") ? pretty(sample(api, content.schema)) : "";
    const area = make("textarea", { value: text, spellcheck: false });
    area.dataset.type = type;
    form.append(make("label", {}, `Body (${type})`, area));
  }
  form.append(make("button", { textContent: "Send" }), output);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    output.hidden = false;
    output.textContent = "…";
    call(path, method.toUpperCase(), form, output).catch((error) => { output.textContent = String(error); });
  });
  return form;
};

const operationView = (api, path, method, operation) => {
  const scope = (operation.security || []).flatMap((entry) => Object.values(entry).flat()).join(" ") || "public";
  const answers = Object.entries(operation.responses).map(([status, answer]) => {
    const schema = (Object.values(answer.content || {})[0] || {}).schema;
    return make("tr", {}, make("td", { textContent: status }), make("td", { textContent: answer.description }),
      make("td", { textContent: schema ? typeOf(schema) : "" }));
  });
  return make("details", { id: operation.operationId },
    make("summary", {}, make("b", { textContent: method.toUpperCase() }), make("code", { textContent: path }),
      make("span", { textContent: operation.summary }), make("span", { className: "scope", textContent: scope })),
    make("p", { textContent: operation.description || "" }), tryForm(api, path, method, operation),
    make("table", {}, make("tbody", {}, ...answers)));
};

const showApi = (api) => {
  document.title = byId("title").textContent = `${api.info.title} ${api.info.version}`;
  byId("description").textContent = api.info.description;
  const groups = new Map();
  const resourcesFirst = (one, other) => other[0].startsWith("/v1") - one[0].startsWith("/v1");
  for (const [path, methods] of Object.entries(api.paths).sort(resourcesFirst)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags[0];
      if (!groups.has(tag)) groups.set(tag, make("div", {}, make("h2", { textContent: tag })));
      groups.get(tag).append(operationView(api, path, method, operation));
    }
  }
  byId("operations").append(...groups.values());
  for (const [name, schema] of Object.entries(api.components.schemas)) {
    byId("schemas").append(make("details", {}, make("summary", {}, make("code", { textContent: name })),
      make("p", { textContent: schema.description || "" }), fieldTable(schema)));
  }
};

const showEvents = (events) => {
  const rows = Object.values(events.channels || {}).map((channel) => {
    const message = Object.values(channel.messages || {})[0] || {};
    const found = message.$ref
      ? message.$ref.slice(2).split("/").reduce((value, part) => value && value[part.replace(/~1/g, "/")], events)
      : message;
    return make("tr", {}, make("td", {}, make("code", { textContent: channel.address })),
      make("td", { textContent: (found && (found.summary || found.description)) || channel.description || "" }));
  });
  byId("events").hidden = rows.length === 0;
  byId("events").querySelector("tbody").append(...rows);
};

const load = async (address, show) => {
  const answer = await fetch(address);
  if (answer.ok) show(await answer.json());
};
load("/openapi.json", showApi);
load("/asyncapi.json", showEvents);
