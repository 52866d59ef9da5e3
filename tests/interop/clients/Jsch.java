/** Jsch.java PORT USER PASSWORD (LINK TARGET)...: with JSch. */
public class Jsch {
    public static void main(String[] a) throws Exception {
        var session = new com.jcraft.jsch.JSch().getSession(a[1], "127.0.0.1", Integer.parseInt(a[0]));
        session.setPassword(a[2]);
        session.setConfig("StrictHostKeyChecking", "no");
        session.connect(20000);
        var sftp = (com.jcraft.jsch.ChannelSftp) session.openChannel("sftp");
        sftp.connect(20000);
        for (int i = 3; i + 1 < a.length; i += 2)
            sftp.symlink(a[i + 1], a[i]);
        session.disconnect();
    }
}
