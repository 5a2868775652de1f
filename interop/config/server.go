// The site of the table by Go's own net/http: files, uploads by SHA-256. SIGTERM shuts down in order.
package main

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	address, cert, key, site, fields := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]
	mux := http.NewServeMux()
	file := func(w http.ResponseWriter, r *http.Request) {
		name := filepath.Join(site, filepath.Clean(r.URL.Path))
		if info, err := os.Stat(name); err != nil || info.IsDir() {
			http.Error(w, "404: nothing here", http.StatusNotFound)
			return
		}
		http.ServeFile(w, r, name)
	}
	mux.HandleFunc("/", file)
	mux.HandleFunc("/upload", func(w http.ResponseWriter, r *http.Request) {
		digest := sha256.New()
		if _, err := io.Copy(digest, r.Body); err == nil {
			fmt.Fprintf(w, "%x", digest.Sum(nil))
		}
	})
	mux.HandleFunc("/page.html", func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("accept-encoding"), "gzip") {
			file(w, r)
			return
		}
		w.Header().Set("content-encoding", "gzip")
		w.Header().Set("content-type", "text/html")
		page, _ := os.Open(filepath.Join(site, "page.html"))
		defer page.Close()
		coded := gzip.NewWriter(w)
		io.Copy(coded, page)
		coded.Close()
	})
	mux.HandleFunc("/fields", func(w http.ResponseWriter, r *http.Request) {
		for _, line := range strings.Split(fields, "\n") {
			name, value, _ := strings.Cut(line, ": ")
			w.Header().Set(name, value)
		}
		file(w, r)
	})
	mux.HandleFunc("/trailers", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("trailer", "x-trailer")
		text, _ := os.ReadFile(filepath.Join(site, "trailers"))
		w.Write(text)
		w.Header().Set("x-trailer", "done")
	})
	mux.HandleFunc("/push", func(w http.ResponseWriter, r *http.Request) {
		if pusher, ok := w.(http.Pusher); ok {
			pusher.Push("/pushed.txt", nil)
		}
		file(w, r)
	})
	server := &http.Server{Addr: address, Handler: mux}
	done := make(chan struct{})
	go func() {
		told := make(chan os.Signal, 1)
		signal.Notify(told, syscall.SIGTERM)
		<-told
		limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		server.Shutdown(limit)
		close(done)
	}()
	if err := server.ListenAndServeTLS(cert, key); err != http.ErrServerClosed {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	<-done
}
