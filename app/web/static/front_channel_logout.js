/* Goes on from interaction/front_channel_logout.html when every frame is loaded, or after three seconds.
   Old engines run this too: nothing newer than ES3. */
(function () {
  var link = document.getElementById("front-channel-continue");
  var gone = false;
  function goOn() {
    if (!gone) {
      gone = true;
      window.location.replace(link.href);
    }
  }
  if (link) {
    window.addEventListener("load", goOn);
    window.setTimeout(goOn, 3000);
  }
})();
