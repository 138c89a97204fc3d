// An API that verifies tokens locally, as an author would write it with jose: the key set is fetched
// from where discovery says, and every token of the list is judged by the same rules.
import { createRemoteJWKSet, jwtVerify } from "jose";

import { attempt, run } from "./conversation.mjs";

await run(async (given) => {
  const document = await fetch(`${given.issuer}/.well-known/openid-configuration`);
  const { issuer, jwks_uri } = await document.json();
  const keys = createRemoteJWKSet(new URL(jwks_uri));
  const judged = [];
  for (const { token, audience, typ, algorithm } of given.tokens) {
    judged.push(await attempt(async () => {
      const { payload, protectedHeader } = await jwtVerify(token, keys, {
        issuer,
        audience,
        typ,
        algorithms: [algorithm],
        requiredClaims: ["exp", "iat", "sub"],
      });
      return { payload, header: protectedHeader };
    }));
  }
  return judged;
});
