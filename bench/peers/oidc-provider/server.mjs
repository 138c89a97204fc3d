// oidc-provider, set up to do the same work as Signet: one RSA-2048 key, RS256 JWT access tokens for an API, opaque
// ones for UserInfo, refresh tokens rotated at every use, a grant of its own for every sign-in. Whoever comes is
// signed in without a password. Started by bench/peer.py, which says in BENCH_PEER what there is.
import { createServer } from 'node:http'
import { generateKeyPairSync } from 'node:crypto'

import Provider from 'oidc-provider'
import MemoryAdapter from 'oidc-provider/lib/adapters/memory_adapter.js'
import LRU from 'oidc-provider/lib/helpers/lru.js'

const { port, app, machine, redirectUri, api, scope, cookieKey } = JSON.parse(process.env.BENCH_PEER)
const issuer = `http://127.0.0.1:${port}`
const personal = 'openid profile email offline_access'

// The adapter it ships, over a store that keeps all of a run: its own forgets after the thousandth entry.
const store = new LRU({ maxSize: 4_000_000 })

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const key = { ...privateKey.export({ format: 'jwk' }), kid: 'bench', use: 'sig', alg: 'RS256' }

const claims = (sub) => ({
  sub,
  name: 'Ada Lovelace',
  preferred_username: sub,
  email: `${sub}@example.com`,
  email_verified: true,
})

const provider = new Provider(issuer, {
  adapter: (model) => new MemoryAdapter(model, store),
  jwks: { keys: [key] },
  cookies: { keys: [cookieKey] },
  clients: [
    {
      client_id: app.clientId,
      client_secret: app.secret,
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    },
    {
      client_id: machine.clientId,
      client_secret: machine.secret,
      redirect_uris: [],
      response_types: [],
      grant_types: ['client_credentials'],
    },
  ],
  claims: {
    openid: ['sub'],
    profile: ['name', 'preferred_username'],
    email: ['email', 'email_verified'],
  },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => claims(sub) }),
  // Signet's ID token holds the claims of the sign-in alone; here that is the default as well.
  conformIdTokenClaims: true,
  pkce: { required: () => true },
  rotateRefreshToken: true,
  // By default it wants prompt=consent for offline_access, and so a page for every single code.
  issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
  // Every code has a grant of its own, and the session knows the last one alone.
  expiresWithSession: () => false,
  ttl: { AuthorizationCode: 600, AccessToken: 600, ClientCredentials: 600, IdToken: 600 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_, client) => (client.clientId === machine.clientId ? api : undefined),
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope,
        audience: api,
        accessTokenFormat: 'jwt',
        accessTokenTTL: 600,
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  loadExistingGrant: async (ctx) => {
    const grant = new provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    })
    grant.addOIDCScope(personal)
    grant.addResourceScope(api, scope)
    await grant.save()
    return grant
  },
})

for (const event of ['authorization.error', 'grant.error', 'introspection.error', 'userinfo.error', 'server_error']) {
  provider.on(event, (_, error) => console.error(event, error.message, error.error_description ?? '', error.error_detail ?? ''))
}

const answer = provider.callback()

const server = createServer(async (request, response) => {
  if (request.url.startsWith('/interaction/')) {
    await provider.interactionFinished(request, response, { login: { accountId: 'ada' } })
    return
  }
  answer(request, response)
})
server.keepAliveTimeout = 120_000
server.listen(port, '127.0.0.1')
