// HTTP requests: whole, in pieces, too long, and such as two readers would read in two ways.
#include "control/http/request_parser.hpp"

#include <gtest/gtest.h>

#include "control/http/form.hpp"

namespace culvert::control::http {
namespace {

using namespace std::string_literals;
using State = RequestParser::State;

const std::string kPost =
    "POST /auth?x=1 HTTP/1.1\r\nHost: 10.99.0.1\r\nUser-Agent: Open AnyConnect VPN Agent "
    "v9.01-3\r\n"
    "Cookie: webvpncontext=AL1I0J/0=; webvpn=abc\r\nContent-Length: 11\r\n\r\nhello world";

unsigned refused(std::string_view text) {
  RequestParser parser;
  (void)parser.feed(text);
  return parser.state() == State::refused ? parser.status() : 0;
}

TEST(RequestParser, WholeRequest) {
  RequestParser parser;
  ASSERT_EQ(parser.feed(kPost), State::complete);
  const Request request = parser.take();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path(), "/auth");
  EXPECT_EQ(request.body, "hello world");
  EXPECT_EQ(request.header("user-agent"), "Open AnyConnect VPN Agent v9.01-3");
  EXPECT_EQ(request.cookie("webvpn"), "abc");
  EXPECT_EQ(request.cookie("webvpncontext"), "AL1I0J/0=");
  EXPECT_EQ(request.cookie("other"), "");
  EXPECT_TRUE(parser.idle());
}

TEST(RequestParser, AnySplitAndOneAfterTheOther) {
  RequestParser parser;
  for (size_t at = 1; at < kPost.size(); at++) {
    ASSERT_EQ(parser.feed(kPost.substr(0, at)), State::more) << at;
    ASSERT_EQ(parser.feed(kPost.substr(at)), State::complete) << at;
    ASSERT_EQ(parser.take().body, "hello world");
  }
  for (const char c : kPost)
    (void)parser.feed({&c, 1});
  ASSERT_EQ(parser.state(), State::complete);
}

TEST(RequestParser, EveryTruncationWaits) {
  for (size_t size = 0; size < kPost.size(); size++) {
    RequestParser parser;
    EXPECT_EQ(parser.feed(kPost.substr(0, size)), State::more) << size;
  }
}

TEST(RequestParser, ChunkedInAnySplit) {
  const std::string text =
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n "
      "world\r\n"
      "0\r\n\r\n";
  for (size_t at = 1; at < text.size(); at++) {
    RequestParser parser;
    (void)parser.feed(text.substr(0, at));
    ASSERT_EQ(parser.feed(text.substr(at)), State::complete) << at;
    ASSERT_EQ(parser.take().body, "hello world");
  }
}

TEST(RequestParser, Connect) {
  RequestParser parser;
  ASSERT_EQ(parser.feed("CONNECT /CSCOSSLC/tunnel HTTP/1.1\r\nHost: x:4443\r\n\r\n"),
            State::complete);
  EXPECT_EQ(parser.take().target, "/CSCOSSLC/tunnel");
}

TEST(RequestParser, Smuggling) {
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\n";
  for (const char* fields : {
           "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
           "Content-Length: 5\r\nContent-Length: 6\r\n",
           "Content-Length: 5\r\nContent-Length: 5\r\n",
           "Content-Length: +5\r\n",
           "Content-Length: 5, 5\r\n",
           "Content-Length: -1\r\n",
           "Content-Length: 0x5\r\n",
           "Content-Length : 5\r\n",
           "X-A: b\r\n Content-Length: 5\r\n",
           "X-A: b\r\n\tc\r\n",
           "X-A: b\nContent-Length: 5\r\n",
           "X-A: b\rContent-Length: 5\r\n",
           "X-A: b\x01\r\n",
           "Host: y\r\n",
           "X A: b\r\n",
           ": b\r\n",
       }) {
    EXPECT_EQ(refused(head + fields + "\r\nhello"), 400u) << fields;
  }
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n"s), 400u);
  for (const char* fields :
       {"Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: xchunked\r\n"}) {
    const unsigned status = refused(head + fields + "\r\n");
    EXPECT_TRUE(status == 501 || status == 400) << fields << status;
  }
}

// Also of what is refused, and of a header as long as may be, the pieces that it comes in change nothing.
TEST(RequestParser, ByteByByteTheAnswerIsTheSame) {
  const std::string head = "GET / HTTP/1.1\r\nHost: x\r\n";
  std::string longest = head + "X: ";
  longest.append(kMaxHeader - longest.size() - 4, 'a');
  const std::string line = "GET /" + std::string(kMaxRequestLine - 14, 'a') + " HTTP/1.1";
  for (const std::string& text :
       {head + "\r\n", longest + "\r\n\r\n", longest + "a\r\n\r\n", line + "\r\nHost: x\r\n\r\n",
        "GET /a" + line.substr(5) + "\r\nHost: x\r\n\r\n", head + "X: b\r\n c\r\n\r\n",
        head + "X: b\r\n\tc\r\n\r\n", head + "X: b\nY: c\r\n\r\n", head + "X: b\rc\r\n\r\n",
        head + "X: b\r\r\n\r\n", head + "X: \x7f\r\n\r\n", head + "X: b\t c\r\n\r\n"}) {
    RequestParser whole;
    (void)whole.feed(text);
    RequestParser parts;
    for (const char c : text)
      (void)parts.feed({&c, 1});
    EXPECT_EQ(whole.state(), parts.state()) << text;
    EXPECT_EQ(whole.status(), parts.status()) << text;
  }
  EXPECT_EQ(refused(longest + "\r\n\r\n"), 0u);
  EXPECT_EQ(refused(longest + "a\r\n\r\n"), 431u);
  EXPECT_EQ(refused(line + "\r\nHost: x\r\n\r\n"), 0u);
  EXPECT_EQ(refused("GET /a" + line.substr(5) + "\r\nHost: x\r\n\r\n"), 414u);
}

TEST(RequestParser, WhatCannotBecomeARequestIsRefusedAtOnce) {
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: x\nX"), 400u);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\n "), 400u);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: x\r"), 0u);
}

// RFC 9112 §9.3.
TEST(RequestParser, WhoWantsToStaySaysSoByVersionOrByName) {
  const auto stays = [](std::string_view version, std::string_view field) {
    RequestParser parser;
    (void)parser.feed("GET / " + std::string(version) + "\r\nHost: x\r\n" + std::string(field) +
                      "\r\n");
    EXPECT_EQ(parser.state(), State::complete);
    return parser.take().keep_alive;
  };
  EXPECT_TRUE(stays("HTTP/1.1", ""));
  EXPECT_TRUE(stays("HTTP/1.1", "Connection: Keep-Alive\r\n"));
  EXPECT_FALSE(stays("HTTP/1.1", "Connection: close\r\n"));
  EXPECT_FALSE(stays("HTTP/1.1", "Connection: TE, Close\r\n"));
  EXPECT_FALSE(stays("HTTP/1.0", ""));
  EXPECT_TRUE(stays("HTTP/1.0", "Connection: keep-alive\r\n"));
}

TEST(RequestParser, BadHosts) {
  for (const char* host : {"", "a b", "a/b", "a@b", "a,b", "<x>"}) {
    EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n"), 400u) << host;
  }
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n"), 0u);
}

TEST(RequestParser, Limits) {
  EXPECT_EQ(refused("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n"), 414u);
  EXPECT_EQ(refused("GET /" + std::string(9000, 'a')), 414u);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(17000, 'a') + "\r\n\r\n"),
            431u);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(17000, 'a')), 431u);
  std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 150; i++)
    many += "X-" + std::to_string(i) + ": y\r\n";
  EXPECT_EQ(refused(many + "\r\n"), 431u);
  EXPECT_EQ(refused("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 262145\r\n\r\n"), 413u);
  RequestParser parser;
  (void)parser.feed("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 300 && parser.state() == State::more; i++)
    (void)parser.feed("400\r\n" + std::string(1024, 'a') + "\r\n");
  EXPECT_EQ(parser.status(), 413u);
}

TEST(RequestParser, StatusOfTheRest) {
  EXPECT_EQ(refused("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), 505u);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n"), 417u);
  EXPECT_EQ(refused(kPost + "GET"), 400u);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: x\r\n\r\n\r\n"), 400u);
  EXPECT_EQ(refused("\x16\x03\x01"), 400u);
}

TEST(Reply, HasWhatEveryReplyHas) {
  Reply reply;
  reply.content_type = "text/xml";
  reply.body = "<x/>";
  const std::string text = to_text(reply);
  EXPECT_TRUE(text.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(text.find("X-Transcend-Version: 1\r\n"), text.npos);
  EXPECT_NE(text.find("Content-Length: 4\r\n"), text.npos);
  EXPECT_TRUE(text.ends_with("\r\n\r\n<x/>"));
  EXPECT_NE(to_text(refusal(404)).find("Connection: close\r\n"), std::string::npos);
}

TEST(Form, DecodesAndRefuses) {
  std::string seen;
  const auto collect = [&](std::string_view name, std::string_view value) {
    seen += std::string(name) + "=" + std::string(value) + ";";
  };
  EXPECT_TRUE(parse_form("username=a+b&password=%26%3d%C3%A4&&empty=&bare", collect));
  EXPECT_EQ(seen, "username=a b;password=&=\xc3\xa4;empty=;bare=;");
  EXPECT_FALSE(parse_form("a=%", collect));
  EXPECT_FALSE(parse_form("a=%4", collect));
  EXPECT_FALSE(parse_form("a=%zz", collect));
  EXPECT_FALSE(parse_form("a=%00", collect));
  EXPECT_FALSE(parse_form("a=" + std::string(1025, 'x'), collect));
}

}  // namespace
}  // namespace culvert::control::http
