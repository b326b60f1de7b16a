package registries

import "slices"

// aiseo is the record of population: it finds persons by name, birth date and
// birth number, and returns their data. It knows them by the identifiers of its
// own agenda.
type aiseo struct {
	population *Population
	system     System
}

// The namespaces of its messages.
const (
	nsAiseo         = "urn:cz:isvs:aiseo:schemas:AiseoCtiPodleUdaju:v1"
	nsAiseo2        = "urn:cz:isvs:aiseo:schemas:AiseoCtiPodleUdaju2:v1"
	nsAiseoIdentify = "urn:cz:isvs:aiseo:schemas:AiseoZtotozneni:v1"
	nsAiseoRead     = "urn:cz:isvs:aiseo:schemas:AiseoCtiAifo:v1"
	nsAiseoRead2    = "urn:cz:isvs:aiseo:schemas:AiseoCtiAifo2:v1"
	nsAiseoRead3    = "urn:cz:isvs:aiseo:schemas:AiseoCtiAifo3:v1"
	nsAiseoTypes    = "urn:cz:isvs:aiseo:schemas:AiseoTypy:v1"
	nsAiseoData     = "urn:cz:isvs:aiseo:schemas:AiseoDotazyData:v1"
	nsSeTypes3      = "urn:cz:isvs:aisse:schemas:AisSeTypy3:v1"
)

// aiseoItems are the words of a caller's SeznamUdaju for AISEO, whose items are
// named like their elements. Without any, all items are returned, as the bus
// returns all that are permitted.
type aiseoItems struct {
	words            []string
	readRefs, verify bool // RUIANCti, RUIANOver
}

func (a aiseoItems) asked(item string) bool {
	return len(a.words) == 0 || slices.Contains(a.words, item)
}
