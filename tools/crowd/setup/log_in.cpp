#include "tools/crowd/setup/log_in.hpp"

#include <optional>
#include <utility>

#include <fmt/format.h>
#include <openssl/rand.h>

#include "tools/culvert-client/auth_document.hpp"
#include "tools/culvert-client/failure.hpp"

namespace culvert::crowd {

namespace {

constexpr unsigned kMostRounds = 6;  // name, password, and some to spare
constexpr std::string_view kUserAgent = "AnyConnect Windows 4.10.07073";
constexpr size_t kMostUnread = 16 * 1024;  // bytes of a header that is not whole yet
constexpr size_t kPskBytes = 32, kMasterBytes = 48;

// A list of suites with pre-shared keys only, or none of them, makes only one form of DTLS possible.
bool allows(const CrowdConfig& config, bool pre_shared) {
  if (!config.want_dtls) return false;
  if (config.dtls_ciphers.empty()) return true;
  return (config.dtls_ciphers.find("PSK") != std::string::npos) == pre_shared;
}

}  // namespace

LogIn::LogIn(const ClientContext& context, const Credentials& who)
    : context_(context), tls_(context), who_(who), by_cookie_(false) {}

LogIn::LogIn(const ClientContext& context, const Cookie& cookie, const dp::InnerAddresses& before)
    : context_(context), tls_(context), cookie_(cookie), before_(before), by_cookie_(true) {}

LogIn::~LogIn() {
  crypto::wipe({reinterpret_cast<uint8_t*>(who_.password.data()), who_.password.size()});
}

void LogIn::fail(Why why, std::string text) {
  failure_.why = why;
  failure_.text = std::move(text);
  stage_ = Stage::failed;
}

void LogIn::receive(std::span<const uint8_t> record) {
  if (stage_ == Stage::established || stage_ == Stage::failed) return;
  if (!tls_.receive(record, plaintext_)) {
    return fail(tls_.without_suite() ? Why::no_common_suite : Why::tls_failed, tls_.reason());
  }
  if (stage_ == Stage::handshake && tls_.established()) begin();
  while (stage_ != Stage::failed && !plaintext_.empty()) {
    const size_t before = plaintext_.size();
    const std::optional<client::Reply> reply = reader_.read(plaintext_);
    if (!reader_.problem().empty()) return fail(Why::http_failed, reader_.problem());
    if (reply) {
      take(*reply);
    } else if (plaintext_.size() == before) {
      break;
    }
  }
  if (stage_ != Stage::failed && plaintext_.size() > kMostUnread)
    return fail(Why::http_failed, "the headend's answer has a header without end");
  if (stage_ != Stage::failed && stage_ != Stage::established && tls_.closed())
    fail(Why::closed_by_peer, "the headend closed the connection");
}

void LogIn::begin() {
  if (by_cookie_) return connect();
  const std::string& group = context_.config().group_path;
  stage_ = Stage::asking;
  ask(group.empty() ? "/" : group,
      client::init_document("https://" + context_.authority() + group, ""));
}

void LogIn::ask(std::string_view path, const Cookie& body) {
  Cookie request;
  request += fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\nAccept: */*\r\nAccept-Encoding: "
      "identity\r\n"
      "X-Transcend-Version: 1\r\nX-Aggregate-Auth: 1\r\n",
      path, context_.authority(), kUserAgent);
  if (!web_context_.empty()) request += fmt::format("Cookie: webvpncontext={}\r\n", web_context_);
  request += fmt::format(
      "Content-Type: application/xml; charset=utf-8\r\nContent-Length: {}\r\n\r\n", body.size());
  request += body;
  reader_.expect(false);
  if (!tls_.write(request)) fail(Why::tls_failed, tls_.reason());
}

void LogIn::take(const client::Reply& reply) {
  failure_.http_status = static_cast<uint16_t>(reply.status);
  if (stage_ == Stage::connecting) return take_grant(reply);
  if (reply.status == 401 || reply.status == 403) return fail(Why::not_let_in, reply.reason);
  if (reply.status != 200) return fail(Why::http_failed, reply.reason);
  if (const auto context = reply.cookie("webvpncontext"); !context.empty()) web_context_ = context;
  client::Document form;
  try {
    form = client::Document::parse(reply.body);
  } catch (const client::Failure& e) {
    return fail(Why::http_failed, e.what());
  }
  if (form.complete) {
    cookie_ = reply.cookie("webvpn");
    if (cookie_.empty()) cookie_ = form.session_token;
    if (cookie_.empty()) return fail(Why::http_failed, "the headend sent no cookie");
    return connect();
  }
  // With the form of another try, and wrong names and passwords do not become right.
  if (!form.has_form || (answered_ && !form.error.empty()))
    return fail(Why::not_let_in, form.error);
  if (!reply.keep_alive || ++rounds_ > kMostRounds)
    return fail(Why::http_failed, "the log-in does not come to an end on one connection");
  answer(form);
}

void LogIn::answer(const client::Document& form) {
  answered_ = true;
  ask(form.action, client::reply_document(form, {who_.user, who_.password, ""}));
}

void LogIn::connect() {
  const CrowdConfig& config = context_.config();
  Cookie request;
  request += fmt::format(
      "CONNECT /CSCOSSLC/tunnel HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\nCookie: webvpn=",
      context_.authority(), kUserAgent);
  request += cookie_;
  request += fmt::format(
      "\r\nX-CSTP-Version: 1\r\nX-CSTP-Hostname: crowd\r\nX-CSTP-Base-MTU: {}\r\n"
      "X-CSTP-Address-Type: {}\r\n",
      config.mtu,
      !config.want_ipv6  ? "IPv4"
      : config.want_ipv4 ? "IPv6,IPv4"
                         : "IPv6");
  if (config.want_ipv6) request += "X-CSTP-Full-IPv6-Capability: true\r\n";
  for (const dp::IpAddress& address : {before_.v4, before_.v6}) {
    if (!address.is_unspecified())
      request += fmt::format("X-CSTP-Address: {}\r\n", address.to_string());
  }
  if (want_dtls_ && allows(config, true)) request += "X-DTLS-CipherSuite: PSK-NEGOTIATE\r\n";
  if (want_dtls_ && allows(config, false)) {
    const std::span<uint8_t> master = master_.reserve(kMasterBytes);
    if (RAND_bytes(master.data(), static_cast<int>(master.size())) != 1)
      return fail(Why::tls_failed, "OpenSSL has no random bytes");
    request +=
        fmt::format("X-DTLS12-CipherSuite: {}\r\nX-DTLS-Master-Secret: {:02X}\r\n",
                    config.dtls_ciphers.empty() ? dtls_cipher_list(false) : config.dtls_ciphers,
                    fmt::join(master_.view(), ""));
  }
  request += "\r\n";
  stage_ = Stage::connecting;
  reader_.expect(true);
  if (!tls_.write(request)) fail(Why::tls_failed, tls_.reason());
}

void LogIn::take_grant(const client::Reply& reply) {
  if (reply.status != 200) {
    const auto reason = reply.header("X-Reason");
    return fail(reply.status == 401 ? Why::cookie_refused : Why::connect_refused,
                reason.empty() ? reply.reason : std::string(reason));
  }
  grant_ = {client::tunnel_terms(reply), {}, {}};
  for (const auto& [name, value] : reply.headers) {
    const std::string text(value.begin(), value.end());
    if (name != "X-CSTP-Address" && name != "X-CSTP-Address-IP6") continue;
    const auto address = dp::IpAddress::parse(text.substr(0, text.find('/')));
    if (address) (address->is_v4() ? grant_.inner.v4 : grant_.inner.v6) = *address;
  }
  if (grant_.inner.empty()) return fail(Why::connect_refused, "the headend gives no address");
  std::optional<client::DtlsTerms> terms = client::dtls_terms(reply);
  if (terms && want_dtls_ && allows(context_.config(), terms->pre_shared)) {
    DtlsOffer& offer = grant_.dtls.emplace(DtlsOffer{std::move(*terms), {}});
    if (!offer.pre_shared) {
      offer.secret = master_;
    } else if (!tls_.export_secret("EXPORTER-openconnect-psk", offer.secret.reserve(kPskBytes))) {
      return fail(Why::tls_failed, "OpenSSL exports no key for DTLS");
    }
  }
  stage_ = Stage::established;
}

}  // namespace culvert::crowd
