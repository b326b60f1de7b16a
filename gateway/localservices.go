package gateway

import (
	"bytes"
	"context"
	"io"
	"time"

	"brana/egon"
)

// localServices are the services that a gateway can answer itself.
var localServices = map[string]func(*exchange, context.Context) (*egon.Answer, error){
	"E227": (*exchange).answerRights,
	"E99":  (*exchange).listAnswers,
	"E100": (*exchange).pickUp,
	"E101": (*exchange).deleteAnswers,
}

// answerLocally answers what needs no upstream.
func (g *Gateway) answerLocally(ctx context.Context, x *exchange) (*egon.Answer, error) {
	return localServices[x.service.Code](x, ctx)
}

// info is the header of a reply that the gateway makes itself.
func (x *exchange) info(kod string, details ...egon.Detail) *egon.OdpovedInfo {
	return &egon.OdpovedInfo{CasOdpovedi: time.Now().In(x.g.cfg.Zone), Status: egon.Status{Kod: kod, Details: details},
		AgendaZadostId: string(x.head.Info.AgendaZadostId), IszrZadostId: x.id()}
}

// answered is an answer that the gateway made itself.
func (x *exchange) answered(body []byte, kod string) *egon.Answer {
	return &egon.Answer{HTTPStatus: 200, ContentType: contentType, Length: int64(len(body)), Kod: kod,
		Body: io.NopCloser(bytes.NewReader(body))}
}
