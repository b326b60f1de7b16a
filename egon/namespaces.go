package egon

// The namespaces of the bus and of its registries (schemas RegTypy 1.23.0,
// IszrAbstract 1.9.0 and the tree below them).
const (
	NSEnvelope    = "http://schemas.xmlsoap.org/soap/envelope/"
	NSSchema      = "http://www.w3.org/2001/XMLSchema"
	NSXSI         = "http://www.w3.org/2001/XMLSchema-instance"
	NSAbstract    = "urn:cz:isvs:iszr:schemas:IszrAbstract:v1"
	NSReg         = "urn:cz:isvs:reg:schemas:RegTypy:v1"
	NSMedia       = "urn:cz:isvs:iszr:schemas:IszrAgendaMediaDataCtiPodleUdaju:v1"
	NSMediaData   = "urn:cz:isvs:iszr:schemas:IszrDataAgendaMediaDataCtiPodleUdaju:v1"
	NSRights      = "urn:cz:isvs:iszr:schemas:IszrVypisOpravneniPolozky:v1"
	NSRightsData  = "urn:cz:isvs:iszr:schemas:IszrDataVypisOpravneniPolozky:v1"
	NSIszrData    = "urn:cz:isvs:iszr:schemas:IszrDotazyData:v1"
	NSIszrTypes   = "urn:cz:isvs:iszr:schemas:IszrTypy:v1"
	NSRobData     = "urn:cz:isvs:rob:schemas:RobDotazyData:v1"
	NSRobTypes    = "urn:cz:isvs:rob:schemas:RobTypy:v1"
	NSRobEnvelope = "urn:cz:isvs:rob:schemas:RobUnivDotazy:v1"
	NSOrg         = "urn:cz:isvs:org:schemas:OrgRozhrani:v1"
	NSOrgTypes    = "urn:cz:isvs:org:schemas:OrgTypy:v1"
	NSRuian       = "urn:cz:isvs:ruian:schemas:CtiProRob:v1"
	NSRuian2      = "urn:cz:isvs:ruian:schemas:CtiProRob:v2"
	NSEop         = "urn:cz:isvs:aiseop:schemas:AisEopMediaCtiPodleUdaju:v1"
	NSEcd         = "urn:cz:isvs:aisecd:schemas:AisEcdMediaCtiPodleUdaju:v1"
	NSEvidence    = "urn:cz:isvs:aisse:schemas:AisSeTypy:v1"
	NSEvidence2   = "urn:cz:isvs:aisse:schemas:AisSeTypy:v2"
	NSAiseoData   = "urn:cz:isvs:aiseo:schemas:AiseoDotazyData:v1"
	NSAiseoTypes  = "urn:cz:isvs:aiseo:schemas:AiseoTypy:v1"
	NSXop         = "http://www.w3.org/2004/08/xop/include"
	NSAsyncAnswer = "urn:cz:isvs:iszr:schemas:IszrAsyncOdpovedZFronty:v1"
	NSAsyncList   = "urn:cz:isvs:iszr:schemas:IszrAsyncVypisFronty:v1"
	NSAsyncDelete = "urn:cz:isvs:iszr:schemas:IszrAsyncSmazatFrontu:v1"
)
