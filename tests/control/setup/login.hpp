// One client on its way into the headend.
#pragma once

#include "tests/control/setup/fake_worker.hpp"

namespace culvert::control::test {

struct Login {
  explicit Login(FakeWorld& w, uint8_t worker = 0, uint32_t source = 0xc0000201)
      : world(w),
        connection(w.open(worker, source)),
        client(TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256") {
    world.connect(client, connection);
  }
  std::string ask(std::string_view request) { return world.ask(client, connection, request); }
  std::string log_in(std::string_view user = "vpn", std::string_view password = "secret") {
    return cookie_of(ask(post("/", login_body(user, password))));
  }
  std::string connect(std::string_view cookie) {
    std::string reply = ask(connect_request(cookie));
    if (connection.promotion) world.promoted(connection);
    return reply;
  }
  FakeWorld& world;
  FakeConnection& connection;
  TlsClient client;
};

}  // namespace culvert::control::test
