/* Calls the gateway with stubs that gSOAP makes of the WSDLs, which wsdl2h loads
 * from it. Answers are taken strictly as the schemas have them; messages go out
 * chunked, over connections that are kept alive.
 * usage: client URL KEY MEDIA, the public key as DER, the file for the photo */
#include <unistd.h>
#include "soapH.h"
#include "Soap.nsmap"

static struct soap *soap;
static const char *url;
static char address[256];

static const char *at(const char *service) {
	snprintf(address, sizeof address, "%s/%s", url, service);
	return address;
}

/* must ends the program with the fault when a call has no answer of its type. */
static void must(int error) {
	if (error == SOAP_OK)
		return;
	soap_print_fault(soap, stderr);
	exit(1);
}

static struct abs__ZadostInfoIszrType *header(char *role, int ais) {
	static struct abs__ZadostInfoIszrType h;
	static int number;
	static char id[37];
	number = ais;
	snprintf(id, sizeof id, "%08x-0000-4000-8000-%012x", (unsigned)getpid(), (unsigned)rand());
	h = (struct abs__ZadostInfoIszrType){.reg__CasZadosti = time(NULL), .reg__Agenda = "X999", .reg__AgendovaRole = role,
		.reg__Ovm = "12345678", .reg__Ais = &number, .reg__Subjekt = "Zkouška", .reg__Uzivatel = "tester",
		.reg__DuvodUcel = "zkouška", .reg__AgendaZadostId = id};
	return &h;
}

/* said is a status: its code and, of the first detail, the sub-code and the number. */
static const char *said(struct reg__StatusType *s) {
	static char lines[4][256];
	static int turn;
	char *line = lines[turn++ % 4];
	int n = snprintf(line, sizeof lines[0], "%s", soap_reg__VysledekKodType2s(soap, s->VysledekKod));
	if (s->__sizeVysledekDetail > 0) {
		char *popis = s->VysledekDetail[0].VysledekPopis;
		snprintf(line + n, sizeof lines[0] - n, " %s %.*s", soap_reg__VysledekSubKodType2s(soap, s->VysledekDetail[0].VysledekSubKod),
			popis ? (int)strcspn(popis, ":") : 0, popis ? popis : "");
	}
	return line;
}

static struct xsd__base64Binary contents(const char *name) {
	static unsigned char bytes[4096];
	FILE *f = fopen(name, "rb");
	struct xsd__base64Binary b = {.__ptr = bytes, .__size = f ? fread(bytes, 1, sizeof bytes, f) : 0};
	return b;
}

typedef struct media__AgendaMediaDataCtiPodleUdajuResponseType media_reply;
typedef struct rights__IszrVypisOpravneniPolozkyResponseType rights_reply;
typedef struct answer__IszrAsyncOdpovedZFrontyResponseType answer_reply;

static media_reply media(char *key, char *role, int ais, char *items) {
	media_reply reply = {0};
	struct mediad__IszrAisSeMediaCtiPodleUdajuDotazDataType query = {
		.KlicProSifrovani = contents(key), .typPorovnani = robt__TypPorovnaniType__diakritika,
		.__union_IszrAisSeMediaCtiPodleUdajuDotazDataType = SOAP_UNION__mediad__union_IszrAisSeMediaCtiPodleUdajuDotazDataType_Dotaz2JmPrijDatNar,
		.union_IszrAisSeMediaCtiPodleUdajuDotazDataType.Dotaz2JmPrijDatNar = {"Zoran", "Vosáhlo", "1977-05-03"}};
	struct mediad__IszrAisSeMediaCtiPodleUdajuDataType wrapped = {.AisSeMediaCtiPodleUdajuData = &query};
	struct mediad__IszrAgendaMediaDataCtiPodleUdajuDataType data = {.AgendaZdroj = mediad__AgendaZdrojMediaDataType__Eop, .Dotaz = &wrapped};
	struct abs__AutorizaceType wanted = {.SeznamUdaju = items};
	struct media__AgendaMediaDataCtiPodleUdajuType question = {header(role, ais), &wanted, {&data}};
	must(soap_call___medias__IszrAgendaMediaDataCtiPodleUdaju(soap, at("E198"), NULL, &question, &reply));
	return reply;
}

static int rights(const char *service, char *agenda, char *role, char *ovm, rights_reply *reply) {
	struct rightsd__IszrVypisOpravneniPolozkyDataType data = {agenda, role, ovm};
	struct rights__IszrVypisOpravneniPolozkyType question = {header("XR1", 999001), NULL, {&data}};
	return soap_call___rightss__IszrVypisOpravneniPolozky(soap, at(service), NULL, &question, reply);
}

static answer_reply pick_up(char *id) {
	answer_reply reply = {0};
	for (int i = 0; i < 200; i++) {
		struct answer__IszrAsyncOdpovedZFrontyType question = {"E100", header("XR1", 999001), {{id}}};
		must(soap_call___answers__IszrAsyncOdpovedZFronty(soap, at("E100?async"), NULL, &question, &reply));
		if (reply.OdpovedInfo->reg__Status->VysledekKod != reg__VysledekKodType__VAROVANI)
			break;
		usleep(50000);
	}
	return reply;
}

static void ask_media(char *key, const char *file) {
	media_reply r = media(key, "XR1", 999001, "EopFoto Jmeno Prijmeni ROBCti");
	struct xsd__base64Binary aifo = r.abs__MapaAifo->PrevodAifo[0].GlobalniAifo;
	struct ais__FotoType *photo = r.EopOdpoved->EopOdpoved->EopOdpovedV1->__AisMediaDataResponseTypeV1_sequence->Fotky;
	FILE *f = fopen(file, "wb");
	fwrite(photo->Fotka.__ptr, 1, photo->Fotka.__size, f);
	fclose(f);
	printf("E198: %s %s %s %s\n", said(r.abs__OdpovedInfo->Status), soap_s2base64(soap, aifo.__ptr, NULL, aifo.__size),
		r.RobOdpoved->RobCtiPodleUdajuDataResponse->__RobCtiPodleUdajuDataResponseType_sequence->Osoba[0].Prijmeni->__item, photo->DatumVydani);
	printf("E198 refused: %s\n", said(media(key, "XR2", 999002, "EopFoto Jmeno AdresaPobytu").abs__OdpovedInfo->Status));
}

static void ask_rights(void) {
	rights_reply r = {0};
	must(rights("E227", "X999", "XR2", "12345678", &r));
	struct rightsd__IszrVypisOpravneniPolozkyDataResponseType *data = r.IszrOdpoved->IszrVypisOpravneniPolozkyDataResponse;
	printf("E227: %s %s", said(r.abs__OdpovedInfo->Status), soap_reg__VysledekKodType2s(soap, data->iszd__IszrAplikacniStatus->VysledekIszrKodType));
	for (int i = 0; i < data->__sizePolozka; i++)
		printf(" %s=%s", data->Polozka[i].KodIszr, data->Polozka[i].KodRpp);
	/* ZAZNAM NENALEZEN is not in the enumeration of the schema. */
	int error = rights("E227", "A115", "CT239", "00007064", &r);
	printf("\nE227 without rows: %s\n", error == SOAP_TYPE ? "not of its type" : "an answer");
	soap_closesock(soap);
}

static void ask_later(void) {
	rights_reply r = {0};
	must(rights("E227?async", "X999", "XR2", "12345678", &r));
	char *id = r.abs__OdpovedInfo->IszrZadostId;
	answer_reply a = pick_up(id);
	char *inner = a.IszrOdpoved->IszrAsyncOdpovedZFrontyDataResponse.union_IszrAsyncOdpovedZFrontyResponseType_IszrOdpoved_IszrAsyncOdpovedZFrontyDataResponse
		.AsyncDotazDataResponse->__any[0];
	int items = 0;
	while ((inner = strstr(inner, "KodRpp>")))
		items++, inner++;
	printf("E227 later: %s, E100: %s %d items\n", said(r.abs__OdpovedInfo->Status), said(a.OdpovedInfo->reg__Status), items / 2);

	struct list__IszrAsyncVypisFrontyType all = {header("XR1", 999001)};
	struct list__IszrAsyncVypisFrontyResponseType l = {0};
	must(soap_call___lists__IszrAsyncVypisFronty(soap, at("E99?async"), NULL, &all, &l));
	struct abs__PolozkaFrontyType *waiting = l.IszrOdpoved->IszrAsyncVypisFrontyDataResponse.PolozkyFronty.PolozkaFronty;
	int listed = 0;
	for (int i = 0; i < l.IszrOdpoved->IszrAsyncVypisFrontyDataResponse.PolozkyFronty.__sizePolozkaFronty; i++)
		listed |= !strcmp(waiting[i].IszrZadostId, id);
	printf("E99: %s lists it%s\n", said(l.abs__OdpovedInfo->Status), listed ? "" : " not");

	struct delete__IszrAsyncSmazatFrontuType one = {header("XR1", 999001), {{
		SOAP_UNION__delete__union_IszrAsyncSmazatFrontuType_Zadost_IszrAsyncSmazatFrontuData_IszrZadostIdPolozky, .union_IszrAsyncSmazatFrontuType_Zadost_IszrAsyncSmazatFrontuData.IszrZadostIdPolozky = {1, &id}}}};
	struct delete__IszrAsyncSmazatFrontuResponseType d = {0};
	must(soap_call___deletes__IszrAsyncSmazatFrontu(soap, at("E101"), NULL, &one, &d));
	const char *deleted = said(d.abs__OdpovedInfo->Status);
	printf("E101: %s, E100: %s\n", deleted, said(pick_up(id).OdpovedInfo->reg__Status));
}

int main(int argc, char **argv) {
	url = argv[1];
	soap = soap_new2(SOAP_XML_STRICT | SOAP_C_UTFSTRING | SOAP_IO_KEEPALIVE, SOAP_C_UTFSTRING | SOAP_IO_CHUNK | SOAP_IO_KEEPALIVE);
	ask_media(argv[2], argv[3]);
	ask_rights();
	ask_later();
	return 0;
}
