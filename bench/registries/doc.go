// Package registries simulates the registries that stand behind the gateway:
// ROB, ORG, RUIAN, the evidences of identity cards (EOP) and of travel
// documents (ECD), and AISEO, over one population made from a seed.
//
// Its one rule: the same seed gives the same persons, identifiers and
// portraits, byte for byte, so that a run can be repeated. Only the ciphertext
// differs, because its key and vector must.
//
// The registries speak the messages of the published schemas and know nothing
// of the gateway in front of them; who may ask for what is decided elsewhere.
package registries
