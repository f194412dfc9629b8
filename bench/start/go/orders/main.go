// The same service as examples/orders-api, on github.com/kardianos/service: an order is on disk (one fdatasync for
// all that wait) before it is acknowledged.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/kardianos/service"
)

type line struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
}

type order struct {
	ID         string `json:"id"`
	AcceptedAt string `json:"acceptedAt"`
	Customer   string `json:"customer"`
	Lines      []line `json:"lines"`
}

func (o order) valid() bool {
	for _, l := range o.Lines {
		if l.SKU == "" || l.Quantity < 1 {
			return false
		}
	}
	return o.Customer != "" && len(o.Lines) > 0
}

type pending struct {
	line []byte
	done chan error
}

// journal appends lines; one goroutine writes and syncs whatever has gathered.
type journal struct {
	file  *os.File
	queue chan pending
}

func openJournal(path string) (*journal, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	j := &journal{file: file, queue: make(chan pending, 1024)}
	go j.run()
	return j, nil
}

func (j *journal) run() {
	for first := range j.queue {
		batch := []pending{first}
	gather:
		for {
			select {
			case next := <-j.queue:
				batch = append(batch, next)
			default:
				break gather
			}
		}
		var data []byte
		for _, p := range batch {
			data = append(data, p.line...)
		}
		_, err := j.file.Write(data)
		if err == nil {
			// fdatasync(2), as the other contenders do.
			err = syscall.Fdatasync(int(j.file.Fd()))
		}
		for _, p := range batch {
			p.done <- err
		}
	}
}

func (j *journal) append(line []byte) error {
	p := pending{line: line, done: make(chan error, 1)}
	j.queue <- p
	return <-p.done
}

type program struct {
	server  *http.Server
	journal *journal
	mutex   sync.Mutex
	orders  []order
}

func (p *program) Start(s service.Service) error {
	journal, err := openJournal(filepath.Join(os.Getenv("STATE_DIRECTORY"), "orders.jsonl"))
	if err != nil {
		return err
	}
	p.journal = journal
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, map[string]any{"state": "ok", "ready": true, "checks": map[string]any{}})
	})
	mux.HandleFunc("POST /orders", p.accept)
	mux.HandleFunc("GET /orders", p.list)
	mux.HandleFunc("GET /slow", func(w http.ResponseWriter, r *http.Request) {
		ms, _ := strconv.Atoi(r.URL.Query().Get("ms"))
		time.Sleep(time.Duration(ms) * time.Millisecond)
		answer(w, http.StatusOK, map[string]any{"waitedMs": ms})
	})
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		return err
	}
	p.server = &http.Server{Handler: mux}
	go p.server.Serve(listener)
	fmt.Println(`{"msg":"Service is up"}`)
	return nil
}

func (p *program) accept(w http.ResponseWriter, r *http.Request) {
	var o order
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&o); err != nil || !o.valid() {
		answer(w, http.StatusUnprocessableEntity, map[string]any{"title": "Not an order", "status": 422})
		return
	}
	o.AcceptedAt = time.Now().UTC().Format(time.RFC3339Nano)
	o.ID = rand.Text()
	p.mutex.Lock()
	p.orders = append(p.orders, o)
	p.mutex.Unlock()
	text, _ := json.Marshal(o)
	if err := p.journal.append(append(text, '\n')); err != nil {
		answer(w, http.StatusServiceUnavailable, map[string]any{"title": "Not stored", "status": 503})
		return
	}
	answer(w, http.StatusCreated, o)
}

func (p *program) list(w http.ResponseWriter, r *http.Request) {
	p.mutex.Lock()
	orders := p.orders
	p.mutex.Unlock()
	if len(orders) > 50 {
		orders = orders[len(orders)-50:]
	}
	answer(w, http.StatusOK, orders)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("content-type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

func (p *program) Stop(s service.Service) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return p.server.Shutdown(ctx)
}

func main() {
	s, err := service.New(&program{}, &service.Config{Name: "bench-orders"})
	if err != nil {
		log.Fatal(err)
	}
	if err := s.Run(); err != nil {
		log.Fatal(err)
	}
}
