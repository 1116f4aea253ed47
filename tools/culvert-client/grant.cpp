#include "tools/culvert-client/grant.hpp"

#include <array>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/rand.h>
#include <unistd.h>

#include "tools/culvert-client/dtls_session.hpp"
#include "tools/culvert-client/failure.hpp"
#include "tools/culvert-client/http.hpp"

namespace culvert::client {
namespace {

constexpr unsigned kLeastBaseMtu = 1280;
constexpr std::string_view kResumable =
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-GCM-SHA256";

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "client";
}

bool is_ipv4(std::string_view text) {
  in_addr address{};
  return inet_pton(AF_INET, std::string(text).c_str(), &address) == 1;
}

// Nothing where the headend offers none, or one that was not asked for.
std::optional<DtlsOffer> dtls_of(const Reply& reply, const Options& options, const TlsStream& tls,
                                 std::vector<uint8_t> master) {
  std::optional<DtlsTerms> terms = dtls_terms(reply);
  if (!options.dtls || !terms) return std::nullopt;
  if (!terms->pre_shared) return DtlsOffer{std::move(*terms), std::move(master)};
  terms->suite = "PSK";
  return DtlsOffer{std::move(*terms), tls.export_secret("EXPORTER-openconnect-psk")};
}

}  // namespace

Grant connect_tunnel(TlsStream& tls, const Gateway& gateway, const Options& options,
                     std::string_view cookie, const Addresses& before, Signals& signals) {
  std::vector<uint8_t> master(kMasterBytes);
  if (RAND_bytes(master.data(), static_cast<int>(master.size())) != 1) {
    throw Failure("OpenSSL has no random bytes: check the kernel's entropy source");
  }
  control::http::WipingString request;
  request += fmt::format(
      "CONNECT /CSCOSSLC/tunnel HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\nCookie: webvpn=",
      gateway.authority(), options.user_agent);
  request += cookie;
  request += fmt::format(
      "\r\nX-CSTP-Version: 1\r\nX-CSTP-Hostname: {}\r\nX-CSTP-Base-MTU: {}\r\n"
      "X-CSTP-Address-Type: IPv6,IPv4\r\nX-CSTP-Full-IPv6-Capability: true\r\n",
      host_name(), std::max(path_mtu(tls.fd(), tls.peer()), kLeastBaseMtu));
  for (const std::string& address : {before.v4, before.v6}) {
    if (!address.empty()) request += fmt::format("X-CSTP-Address: {}\r\n", address);
  }
  if (options.dtls && options.dtls_psk) request += "X-DTLS-CipherSuite: PSK-NEGOTIATE\r\n";
  if (options.dtls && options.dtls_resumption) {
    request += fmt::format("X-DTLS12-CipherSuite: {}\r\nX-DTLS-Master-Secret: {:02X}\r\n",
                           kResumable, fmt::join(master, ""));
  }
  request += "\r\n";
  const Reply reply = exchange(tls, request, true, signals, Clock::now() + options.patience);
  if (reply.status == 401) {
    throw Failure("the headend does not know the session any more: log in anew",
                  ExitStatus::refused);
  }
  if (reply.status != 200) {
    const auto reason = reply.header("X-Reason");
    throw Failure(fmt::format("the headend gives no tunnel: {} {}", reply.status,
                              reason.empty() ? std::string_view(reply.reason) : reason));
  }
  Grant out{tunnel_terms(reply), {}, {}, {}};
  for (const auto& [name, value] : reply.headers) {
    const std::string text(value.begin(), value.end());
    if (name == "X-CSTP-Address" && is_ipv4(text)) out.addresses.v4 = text;
    if (name == "X-CSTP-Address-IP6") out.addresses.v6 = text.substr(0, text.find('/'));
    if (name == "X-CSTP-Split-Include" || name == "X-CSTP-Split-Include-IP6") {
      out.routes.push_back(text);
    }
  }
  if (out.addresses.v4.empty() && out.addresses.v6.empty()) {
    throw Failure("the headend gives no address");
  }
  if (out.tls_mtu == 0) throw Failure("the headend announces no MTU");
  out.dtls = dtls_of(reply, options, tls, std::move(master));
  if (options.dpd_s != 0) {
    out.dpd_s = options.dpd_s;
    if (out.dtls) out.dtls->dpd_s = options.dpd_s;
  }
  return out;
}

}  // namespace culvert::client
