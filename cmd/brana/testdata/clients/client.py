"""Calls the gateway with zeep, which loads the WSDLs from it.
usage: client.py URL KEY MEDIA, the public key as DER, the file for the photo"""
import base64
import datetime
import sys
import time
import uuid

import zeep

url, key, media_file = sys.argv[1:]
strict = zeep.Settings(strict=True, xml_huge_tree=False)


def header(role="XR1", ais=999001):
    now = datetime.datetime.now().astimezone()
    return dict(CasZadosti=now, Agenda="X999", AgendovaRole=role, Ovm="12345678", Ais=ais, Subjekt="Zkouška",
                Uzivatel="tester", DuvodUcel="zkouška", AgendaZadostId=str(uuid.uuid4()))


def service(code, query=""):
    client = zeep.Client(f"{url}/{code}?wsdl", settings=strict)
    if not query:
        return client.service
    binding = next(iter(client.wsdl.bindings))
    return client.create_service(binding, f"{url}/{code}?{query}")


def said(status, code="VysledekKod"):
    """A status: its code and, of the first detail, the sub-code and the number."""
    line = status[code]
    for detail in status.VysledekDetail[:1]:
        line += f" {detail.VysledekSubKod} {(detail.VysledekPopis or '').split(':')[0]}"
    return line


def media(role, ais, items):
    query = dict(KlicProSifrovani=open(key, "rb").read(),
                 Dotaz2JmPrijDatNar=dict(Jmeno="Zoran", Prijmeni="Vosáhlo", DatumNarozeni=datetime.date(1977, 5, 3)))
    return service("E198").IszrAgendaMediaDataCtiPodleUdaju(
        ZadostInfo=header(role, ais), AutorizaceInfo=dict(SeznamUdaju=items.split()),
        Zadost=dict(IszrAgendaMediaCtiPodleUdajuData=dict(AgendaZdroj="Eop", Dotaz=dict(AisSeMediaCtiPodleUdajuData=query))))


def rights(port, agenda, role, ovm):
    return port.IszrVypisOpravneniPolozky(ZadostInfo=header(), Zadost=dict(
        IszrVypisOpravneniPolozkyData=dict(Agenda=agenda, AgendovaRole=role, Ovm=ovm)))


def pick_up(number):
    port = service("E100", "async")
    for _ in range(200):
        answer = port.IszrAsyncOdpovedZFronty(KodAsyncSluzby="E100", ZadostInfo=header(),
                                              Zadost=dict(IszrAsyncOdpovedZFrontyData=dict(IszrZadostId=number)))
        if answer.OdpovedInfo.Status.VysledekKod != "VAROVANI":
            break
        time.sleep(0.05)
    return answer


answer = media("XR1", 999001, "EopFoto Jmeno Prijmeni ROBCti")
photo = answer.EopOdpoved.EopOdpoved.EopOdpovedV1.Fotky[0]
with open(media_file, "wb") as f:
    f.write(photo.Fotka)
aifo = base64.b64encode(answer.MapaAifo.PrevodAifo[0].GlobalniAifo).decode()
person = answer.RobOdpoved.RobCtiPodleUdajuDataResponse.Osoba[0]
print("E198:", said(answer.OdpovedInfo.Status), aifo, person.Prijmeni._value_1, photo.DatumVydani)
print("E198 refused:", said(media("XR2", 999002, "EopFoto Jmeno AdresaPobytu").OdpovedInfo.Status))

answer = rights(service("E227"), "X999", "XR2", "12345678")
data = answer.IszrOdpoved.IszrVypisOpravneniPolozkyDataResponse
print("E227:", said(answer.OdpovedInfo.Status), said(data.IszrAplikacniStatus, "VysledekIszrKodType"),
      *(f"{item.KodIszr}={item.KodRpp}" for item in data.Polozka))
answer = rights(service("E227"), "A115", "CT239", "00007064")
data = answer.IszrOdpoved.IszrVypisOpravneniPolozkyDataResponse
print("E227 without rows:", said(answer.OdpovedInfo.Status), said(data.IszrAplikacniStatus, "VysledekIszrKodType"))

info = rights(service("E227", "async"), "X999", "XR2", "12345678").OdpovedInfo
answer = pick_up(info.IszrZadostId)
inner = answer.IszrOdpoved.IszrAsyncOdpovedZFrontyDataResponse.AsyncDotazDataResponse._value_1[0]
print(f"E227 later: {said(info.Status)}, E100: {said(answer.OdpovedInfo.Status)}", len(list(inner.iter("{*}KodIszr"))), "items")
answer = service("E99", "async").IszrAsyncVypisFronty(ZadostInfo=header())
listed = [item.IszrZadostId for item in answer.IszrOdpoved.IszrAsyncVypisFrontyDataResponse.PolozkyFronty.PolozkaFronty]
print("E99:", said(answer.OdpovedInfo.Status), "lists it" if info.IszrZadostId in listed else "lists it not")
deleted = service("E101").IszrAsyncSmazatFrontu(ZadostInfo=header(), Zadost=dict(
    IszrAsyncSmazatFrontuData=dict(IszrZadostIdPolozky=dict(IszrZadostId=[info.IszrZadostId]))))  # OdpovedInfo: zeep unwraps an only child
print(f"E101: {said(deleted.Status)}, E100: {said(pick_up(info.IszrZadostId).OdpovedInfo.Status)}")
