package gcs

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"google.golang.org/api/storage/v1"
)

// content is an object that is read. A connection that breaks off is made again, for
// what is left.
type content struct {
	ctx   context.Context
	get   *storage.ObjectsGetCall
	body  io.ReadCloser
	read  int64
	retry func(error) bool
}

// open asks for the object and how large it is.
func open(ctx context.Context, get *storage.ObjectsGetCall) (*content, int64, error) {
	got, err := again(ctx, get.Download)
	if err != nil {
		return nil, 0, err
	}
	size := got.ContentLength
	if size < 0 { // sent without its length
		size, err = strconv.ParseInt(got.Header.Get("X-Goog-Stored-Content-Length"), 10, 64)
	}
	if err != nil {
		_ = got.Body.Close()
		return nil, 0, err
	}
	return &content{ctx: ctx, get: get, body: got.Body, retry: few()}, size, nil
}

func (c *content) Read(p []byte) (int, error) {
	n, err := c.body.Read(p)
	c.read += int64(n)
	if err == nil || err == io.EOF || c.ctx.Err() != nil || !c.retry(err) {
		return n, err
	}
	return n, c.resume()
}

func (c *content) resume() error {
	_ = c.body.Close()
	c.get.Header().Set("Range", fmt.Sprintf("bytes=%d-", c.read))
	got, err := again(c.ctx, c.get.Download)
	if err != nil {
		return err
	}
	c.body = got.Body
	if got.StatusCode != http.StatusPartialContent {
		return fmt.Errorf("asked for what is left, the service answered with status %d", got.StatusCode)
	}
	return nil
}

func (c *content) Close() error { return c.body.Close() }
