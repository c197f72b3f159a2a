// Calls a KMS v2 plugin as kube-apiserver does: grpc-go, WithAuthority("localhost"), WaitForReady, a dialer of its own. Reads calls from
// standard input, writes what came, each a line of JSON.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"os"
	"time"

	"github.com/golang/protobuf/proto"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
)

// Names and numbers of k8s.io/kms/apis/v2/api.proto.
type statusRequest struct{}
type statusResponse struct {
	Version string `protobuf:"bytes,1,opt,name=version,proto3" json:"version"`
	Healthz string `protobuf:"bytes,2,opt,name=healthz,proto3" json:"healthz"`
	KeyId   string `protobuf:"bytes,3,opt,name=key_id,proto3" json:"key_id"`
}
type encryptRequest struct {
	Plaintext []byte `protobuf:"bytes,1,opt,name=plaintext,proto3" json:"plaintext"`
	Uid       string `protobuf:"bytes,2,opt,name=uid,proto3" json:"uid"`
}
type encryptResponse struct {
	Ciphertext  []byte            `protobuf:"bytes,1,opt,name=ciphertext,proto3" json:"ciphertext"`
	KeyId       string            `protobuf:"bytes,2,opt,name=key_id,proto3" json:"key_id"`
	Annotations map[string][]byte `protobuf:"bytes,3,rep,name=annotations,proto3" protobuf_key:"bytes,1,opt,name=key,proto3" protobuf_val:"bytes,2,opt,name=value,proto3" json:"annotations"`
}
type decryptRequest struct {
	Ciphertext  []byte            `protobuf:"bytes,1,opt,name=ciphertext,proto3" json:"ciphertext"`
	Uid         string            `protobuf:"bytes,2,opt,name=uid,proto3" json:"uid"`
	KeyId       string            `protobuf:"bytes,3,opt,name=key_id,proto3" json:"key_id"`
	Annotations map[string][]byte `protobuf:"bytes,4,rep,name=annotations,proto3" protobuf_key:"bytes,1,opt,name=key,proto3" protobuf_val:"bytes,2,opt,name=value,proto3" json:"-"`
}
type decryptResponse struct {
	Plaintext []byte `protobuf:"bytes,1,opt,name=plaintext,proto3" json:"plaintext"`
}

func (m *statusRequest) Reset()           { *m = statusRequest{} }
func (m *statusRequest) String() string   { return proto.CompactTextString(m) }
func (m *statusRequest) ProtoMessage()    {}
func (m *statusResponse) Reset()          { *m = statusResponse{} }
func (m *statusResponse) String() string  { return proto.CompactTextString(m) }
func (m *statusResponse) ProtoMessage()   {}
func (m *encryptRequest) Reset()          { *m = encryptRequest{} }
func (m *encryptRequest) String() string  { return proto.CompactTextString(m) }
func (m *encryptRequest) ProtoMessage()   {}
func (m *encryptResponse) Reset()         { *m = encryptResponse{} }
func (m *encryptResponse) String() string { return proto.CompactTextString(m) }
func (m *encryptResponse) ProtoMessage()  {}
func (m *decryptRequest) Reset()          { *m = decryptRequest{} }
func (m *decryptRequest) String() string  { return proto.CompactTextString(m) }
func (m *decryptRequest) ProtoMessage()   {}
func (m *decryptResponse) Reset()         { *m = decryptResponse{} }
func (m *decryptResponse) String() string { return proto.CompactTextString(m) }
func (m *decryptResponse) ProtoMessage()  {}

type call struct {
	Method  string  `json:"method"`
	Timeout float64 `json:"timeout"`
}

type failure struct {
	Code    string `json:"code"`
	Details string `json:"details"`
}

func main() {
	connection, err := grpc.Dial(
		os.Args[1],
		grpc.WithAuthority("localhost"),
		grpc.WithInsecure(),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) {
			return net.DialUnix("unix", nil, &net.UnixAddr{Name: os.Args[1]})
		}),
	)
	if err != nil {
		panic(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		answer, _ := json.Marshal(answerTo(connection, lines.Bytes()))
		os.Stdout.Write(append(answer, '\n'))
	}
}

func answerTo(connection *grpc.ClientConn, line []byte) interface{} {
	wanted := call{Timeout: 10}
	if err := json.Unmarshal(line, &wanted); err != nil {
		panic(err)
	}
	var request, response proto.Message
	switch wanted.Method {
	case "Status":
		request, response = &statusRequest{}, &statusResponse{}
	case "Encrypt":
		request, response = &encryptRequest{}, &encryptResponse{}
	case "Decrypt":
		request, response = &decryptRequest{}, &decryptResponse{}
	}
	if err := json.Unmarshal(line, request); err != nil {
		panic(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(wanted.Timeout*float64(time.Second)))
	defer cancel()
	if err := connection.Invoke(ctx, "/v2.KeyManagementService/"+wanted.Method, request, response); err != nil {
		failed := status.Convert(err)
		return failure{failed.Code().String(), failed.Message()}
	}
	return response
}
