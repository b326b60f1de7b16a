// Package registries simulates the registries that stand behind the gateway:
// ROB, ORG, RUIAN, the evidences of identity cards (EOP) and of travel
// documents (ECD), and AISEO, over one population made from a seed.
//
// It is the engine of `brana dev` and `brana sim`, and the other side of the
// gateway in its tests and benchmarks. It stands in bench because it obeys the
// rule of bench: it knows nothing of the gateway. The gateway decides who may ask
// for what.
//
// Its one rule: the same seed gives the same persons, identifiers and
// portraits, byte for byte, so that a run can be repeated. Only the ciphertext
// differs, because its key and vector must.
//
// The registries speak the messages of the published schemas, and are an
// independent oracle: they write messages and ciphertext, and check ids, times
// and items, by code of their own (soap.go, values.go, cipher.go). Package egon
// does much of the same. The two must not share it, or a test of the one against
// the other would not see a mistake of both. From egon the registries have names
// alone: namespaces, codes of services and results; from xmltext the bytes and
// tokens.
//
// Its files refer to each other in one direction. From the bottom:
//   - population.go, persons.go, places.go, portrait.go: the persons and places;
//   - settings.go, log.go, rights.go, shutdown.go: what the server and its
//     exchanges share, each a value with its own lock;
//   - soap.go, reply.go, values.go, mapa.go, refs.go: messages and their parts;
//   - rob.go, org.go, ruian.go, aiseo.go, evidence.go: the registries. A file
//     with _serve in its name answers the messages of one;
//   - client.go, by which the front calls programs that stand before AISEO;
//   - front.go and its services, which know the registries;
//   - exchange.go, failure.go, registry.go, front_serve.go, control.go: one
//     request over HTTP and its answer;
//   - server.go, which puts them together.
package registries
