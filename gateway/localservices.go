package gateway

import (
	"context"

	"brana/egon"
)

// localServices are the services that a gateway can answer by itself.
var localServices = map[string]func(
	r *request, ctx context.Context, message []byte,
) (*egon.Answer, error){
	"E227": (*request).answerRights,
	"E99":  (*request).listAnswers,
	"E100": (*request).pickUp,
	"E101": (*request).deleteAnswers,
}

// answerLocally answers a service that needs no upstream. The message is the whole
// request; a job has none.
func (r *request) answerLocally(ctx context.Context, message []byte) (*egon.Answer, error) {
	return localServices[r.service.Code](r, ctx, message)
}
