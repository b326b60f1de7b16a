<?php
// Calls the gateway with PHP's own SoapClient, which loads the WSDLs from it.
// usage: client.php URL KEY MEDIA, the public key as DER, the file for the photo
[, $url, $key, $media] = $argv;

function header_of(string $role, int $ais): array {
    $hex = bin2hex(random_bytes(16));
    return ['CasZadosti' => date('c'), 'Agenda' => 'X999', 'AgendovaRole' => $role, 'Ovm' => '12345678', 'Ais' => $ais,
        'Subjekt' => 'Zkouška', 'Uzivatel' => 'tester', 'DuvodUcel' => 'zkouška',
        'AgendaZadostId' => preg_replace('/^(.{8})(.{4})(.{4})(.{4})(.*)$/', '$1-$2-$3-$4-$5', $hex)];
}

function client(string $code, string $query = ''): SoapClient {
    global $url;
    $client = new SoapClient("$url/$code?wsdl", ['cache_wsdl' => WSDL_CACHE_NONE, 'features' => SOAP_SINGLE_ELEMENT_ARRAYS]);
    if ($query !== '') {
        $client->__setLocation("$url/$code?$query");
    }
    return $client;
}

// said is a status: its code and, of the first detail, the sub-code and the number.
function said(object $status, string $code = 'VysledekKod'): string {
    $line = $status->$code;
    foreach (array_slice($status->VysledekDetail ?? [], 0, 1) as $detail) {
        $line .= " $detail->VysledekSubKod " . strtok($detail->VysledekPopis ?? '', ':');
    }
    return $line;
}

function media(string $role, int $ais, string $items): object {
    global $key;
    return client('E198')->IszrAgendaMediaDataCtiPodleUdaju([
        'ZadostInfo' => header_of($role, $ais), 'AutorizaceInfo' => ['SeznamUdaju' => $items],
        'Zadost' => ['IszrAgendaMediaCtiPodleUdajuData' => ['AgendaZdroj' => 'Eop', 'Dotaz' => ['AisSeMediaCtiPodleUdajuData' => [
            'KlicProSifrovani' => file_get_contents($key),
            'Dotaz2JmPrijDatNar' => ['Jmeno' => 'Zoran', 'Prijmeni' => 'Vosáhlo', 'DatumNarozeni' => '1977-05-03']]]]]]);
}

function rights(SoapClient $client, string $agenda, string $role, string $ovm): object {
    return $client->IszrVypisOpravneniPolozky(['ZadostInfo' => header_of('XR1', 999001), 'Zadost' => [
        'IszrVypisOpravneniPolozkyData' => ['Agenda' => $agenda, 'AgendovaRole' => $role, 'Ovm' => $ovm]]]);
}

function pick_up(string $id): object {
    $client = client('E100', 'async');
    for ($i = 0; $i < 200; $i++) {
        $answer = $client->IszrAsyncOdpovedZFronty(['KodAsyncSluzby' => 'E100', 'ZadostInfo' => header_of('XR1', 999001),
            'Zadost' => ['IszrAsyncOdpovedZFrontyData' => ['IszrZadostId' => $id]]]);
        if ($answer->OdpovedInfo->Status->VysledekKod !== 'VAROVANI') {
            break;
        }
        usleep(50000);
    }
    return $answer;
}

$answer = media('XR1', 999001, 'EopFoto Jmeno Prijmeni ROBCti');
$photo = $answer->EopOdpoved->EopOdpoved->EopOdpovedV1->Fotky[0];
file_put_contents($media, $photo->Fotka);
echo 'E198: ', said($answer->OdpovedInfo->Status), ' ', base64_encode($answer->MapaAifo->PrevodAifo[0]->GlobalniAifo),
    ' ', $answer->RobOdpoved->RobCtiPodleUdajuDataResponse->Osoba[0]->Prijmeni->_, " $photo->DatumVydani\n";
echo 'E198 refused: ', said(media('XR2', 999002, 'EopFoto Jmeno AdresaPobytu')->OdpovedInfo->Status), "\n";

$answer = rights(client('E227'), 'X999', 'XR2', '12345678');
$data = $answer->IszrOdpoved->IszrVypisOpravneniPolozkyDataResponse;
echo 'E227: ', said($answer->OdpovedInfo->Status), ' ', said($data->IszrAplikacniStatus, 'VysledekIszrKodType');
foreach ($data->Polozka as $item) {
    echo " $item->KodIszr=$item->KodRpp";
}
$answer = rights(client('E227'), 'A115', 'CT239', '00007064');
echo "\nE227 without rows: ", said($answer->OdpovedInfo->Status), ' ',
    said($answer->IszrOdpoved->IszrVypisOpravneniPolozkyDataResponse->IszrAplikacniStatus, 'VysledekIszrKodType'), "\n";

$info = rights(client('E227', 'async'), 'X999', 'XR2', '12345678')->OdpovedInfo;
$id = $info->IszrZadostId;
$answer = pick_up($id);
$inner = $answer->IszrOdpoved->IszrAsyncOdpovedZFrontyDataResponse->AsyncDotazDataResponse->any;
echo 'E227 later: ', said($info->Status), ', E100: ', said($answer->OdpovedInfo->Status), ' ', substr_count($inner, 'KodIszr>') / 2, " items\n";
$answer = client('E99', 'async')->IszrAsyncVypisFronty(['ZadostInfo' => header_of('XR1', 999001)]);
$listed = array_column($answer->IszrOdpoved->IszrAsyncVypisFrontyDataResponse->PolozkyFronty->PolozkaFronty, 'IszrZadostId');
echo 'E99: ', said($answer->OdpovedInfo->Status), in_array($id, $listed) ? " lists it\n" : " lists it not\n";
$answer = client('E101')->IszrAsyncSmazatFrontu(['ZadostInfo' => header_of('XR1', 999001), 'Zadost' => [
    'IszrAsyncSmazatFrontuData' => ['IszrZadostIdPolozky' => ['IszrZadostId' => [$id]]]]]);
echo 'E101: ', said($answer->OdpovedInfo->Status), ', E100: ', said(pick_up($id)->OdpovedInfo->Status), "\n";
