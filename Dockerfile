FROM node:26-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages packages
RUN npm ci --omit=dev --ignore-scripts

FROM node:26-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages packages
# The image has the Node that the `node` package would fetch, so its install script stays off.
RUN npm ci --ignore-scripts
COPY . .
RUN node scripts/build.js

FROM node:26-slim
WORKDIR /app
ENV NODE_ENV=production
# Volumes that are mounted here start with these owners and modes.
RUN install -d -o node -g node -m 700 /state && install -d -o node -g node -m 755 /acl
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
COPY packages packages
COPY lua lua
COPY proto proto
COPY deploy/redis deploy/redis
USER node
EXPOSE 8443 9443
# Of `serve`, or of `edge`.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "Promise.any([9464, 9465].map((port) => fetch(`http://127.0.0.1:${port}/livez`))).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node would open a debugger at SIGUSR1.
ENTRYPOINT ["node", "--disable-sigusr1", "dist/main.js"]
CMD ["serve"]
