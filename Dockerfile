# Two stages: build with everything, ship what runs. The first has a C++ compiler, which `npm ci` uses for the native kernel.
FROM node:24-bookworm AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY scripts/build-native.mjs scripts/
COPY src/kernels/native src/kernels/native
COPY src/codec/native src/codec/native
RUN npm ci && npm run native
COPY tsconfig.json ./
COPY scripts/build.mjs scripts/build-wasm.mjs scripts/
COPY schemas schemas
COPY src src
RUN npm run build && npm prune --omit=dev && rm -rf dist/test \
  && find dist node_modules \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete \
  && find node_modules -type d -empty -delete

FROM node:24-bookworm-slim
ENV NODE_ENV=production LSTM_HOST=0.0.0.0
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/build/lstm-native.node build/
COPY examples/digits/parameters.npz examples/digits/
COPY examples/words/parameters.npz examples/words/
COPY LICENSE ./
# for LSTM_DATA_DIR=/data, with or without a volume
RUN mkdir /data && chown node:node /data
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["node", "dist/src/health-check.js"]
CMD ["node", "dist/src/server.js"]
