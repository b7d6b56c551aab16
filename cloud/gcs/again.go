package gcs

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/googleapis/gax-go/v2"
	"google.golang.org/api/googleapi"
)

// again calls until the answer is final, a few times at most. What is named by its
// content can be deleted twice.
func again[T any](ctx context.Context, call func(...googleapi.CallOption) (T, error)) (T, error) {
	wait := gax.Backoff{Initial: 100 * time.Millisecond, Max: 5 * time.Second}
	retry := few()
	for {
		got, err := call()
		if err == nil || !retry(err) {
			return got, err
		}
		if err := gax.Sleep(ctx, wait.Pause()); err != nil {
			return got, err
		}
	}
}

// few says whether an error is worth another try, a few times. (The library would try
// uploads for ever, and nothing else again.)
func few() func(error) bool {
	left := 5
	return func(err error) bool {
		left--
		return left >= 0 && passing(err)
	}
}

// passing reports whether an error is one of those that pass.
func passing(err error) bool {
	if said, ok := errors.AsType[*googleapi.Error](err); ok {
		return said.Code >= 500 || said.Code == http.StatusTooManyRequests || said.Code == http.StatusRequestTimeout
	}
	_, network := errors.AsType[*net.OpError](err) // and not what ends a context, or who is refused a token
	return network || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}
